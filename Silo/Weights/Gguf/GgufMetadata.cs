using System.Globalization;

namespace XLLM.Silo.Weights.Gguf;

/// <summary>The keys and values of a GGUF file. A value is a long, double, bool, text, or an array of one of these.</summary>
/// <param name="file">For messages.</param>
/// <param name="values">By key.</param>
internal sealed class GgufMetadata(string file, IReadOnlyDictionary<string, object> values)
{
    private const int QuotedCharacters = 100;

    /// <summary>The file, for messages.</summary>
    public string File { get; } = file;

    /// <summary>Whether a key is there.</summary>
    public bool Has(string key) => values.ContainsKey(key);

    /// <summary>A text, or null where the key is missing.</summary>
    public string? Text(string key) => Find<string>(key, "a text");

    /// <summary>True or false, or null where the key is missing.</summary>
    public bool? Flag(string key) => Find<object>(key, "true or false") switch
    {
        null => null,
        bool flag => flag,
        var other => throw Wrong(key, other, "true or false"),
    };

    /// <summary>A whole number in 0 to 2^31 - 1, or null where the key is missing.</summary>
    public int? Integer(string key) => Find<object>(key, "a whole number") switch
    {
        null => null,
        long number and >= 0 and <= int.MaxValue => (int)number,
        var other => throw Wrong(key, other, $"a whole number from 0 to {int.MaxValue}"),
    };

    /// <summary>A number, or null where the key is missing.</summary>
    public double? Number(string key) => Find<object>(key, "a number") switch
    {
        null => null,
        double number => number,
        long number => number,
        var other => throw Wrong(key, other, "a number"),
    };

    /// <summary>A list of texts, or null where the key is missing.</summary>
    public IReadOnlyList<string>? Texts(string key) => Find<string[]>(key, "a list of texts");

    /// <summary>A list of whole numbers, or null where the key is missing.</summary>
    public IReadOnlyList<long>? Integers(string key) => Find<long[]>(key, "a list of whole numbers");

    /// <summary>A list of numbers, or null where the key is missing.</summary>
    public IReadOnlyList<double>? Numbers(string key) => Find<double[]>(key, "a list of numbers");

    /// <summary>The value that must be there.</summary>
    public T Required<T>(string key, Func<string, T?> find)
        where T : struct => find(key) ?? throw Fault(key, "is missing");

    /// <summary>A fault of the file.</summary>
    public CheckpointException Fault(string key, string what) => new($"{File}: \"{key}\" {what}");

    /// <summary>Something that the file asks for and this build does not have.</summary>
    public UnsupportedModelException Unsupported(string key, string what) => new($"{File}: \"{key}\" {what}");

    private T? Find<T>(string key, string expected)
        where T : class => values.GetValueOrDefault(key) switch
        {
            null => null,
            T value => value,
            var other => throw Wrong(key, other, expected),
        };

    private CheckpointException Wrong(string key, object value, string expected)
    {
        var text = value is Array array ? $"a list of {array.Length}" : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        return Fault(key, $"is {(text.Length <= QuotedCharacters ? text : $"{text[..QuotedCharacters]}...")}; expected {expected}");
    }
}
