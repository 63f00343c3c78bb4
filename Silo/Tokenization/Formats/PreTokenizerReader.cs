using XLLM.Silo.Tokenization.Patterns;
using XLLM.Silo.Tokenization.PreTokenization;

namespace XLLM.Silo.Tokenization.Formats;

/// <summary>Reads tokenizer.json's <c>pre_tokenizer</c>.</summary>
internal sealed class PreTokenizerReader
{
    private readonly List<PreTokenizerStep> _steps = [];
    private int _byteLevelAt = -1;

    private PreTokenizerReader()
    {
    }

    /// <summary>The steps, none where the field is missing.</summary>
    /// <param name="isByteLevel">Whether the model merges over bytes.</param>
    /// <param name="inByteAlphabet">Whether the steps leave the text in the byte alphabet, since some come behind the byte-level one.</param>
    /// <exception cref="TokenizerException">A step is of an unsupported type or damaged.</exception>
    public static IReadOnlyList<PreTokenizerStep> Read(JsonField? field, out bool isByteLevel, out bool inByteAlphabet)
    {
        var reader = new PreTokenizerReader();
        if (field is { } preTokenizer)
        {
            reader.Collect(preTokenizer);
        }

        isByteLevel = reader._byteLevelAt >= 0;
        inByteAlphabet = isByteLevel && reader._byteLevelAt < reader._steps.Count;
        if (inByteAlphabet)
        {
            reader._steps.Insert(reader._byteLevelAt, new ByteAlphabetStep());
        }

        return reader._steps;
    }

    private void Collect(JsonField field)
    {
        var type = field.Get("type");
        switch (type.AsString())
        {
            case "Sequence":
                foreach (var part in field.Get("pretokenizers").Items())
                {
                    Collect(part);
                }

                break;
            case "ByteLevel":
                ReadByteLevel(field, type);
                break;
            case "Split":
                _steps.Add(new SplitStep(PatternReader.Read(field.Get("pattern")), ReadBehavior(field.Get("behavior")), field.Boolean("invert")));
                break;
            case "Digits":
                _steps.Add(new CharacterSplitStep(
                    Property("N"),
                    field.Boolean("individual_digits") ? SplitBehavior.Isolated : SplitBehavior.Contiguous));
                break;
            case "Punctuation":
                _steps.Add(new CharacterSplitStep(
                    CodePointSet.Create(IsPunctuation),
                    field.TryGet("behavior") is { } behavior ? ReadBehavior(behavior) : SplitBehavior.Isolated));
                break;
            case "WhitespaceSplit":
                _steps.Add(new CharacterSplitStep(CodePointSet.Create(CodePointSet.IsWhiteSpace), SplitBehavior.Removed));
                break;
            case "Whitespace":
                _steps.Add(new SplitStep(Pattern.Parse(@"\w+|[^\w\s]+"), SplitBehavior.Removed, invert: true));
                break;
            case "CharDelimiterSplit":
                var delimiter = field.Get("delimiter");
                _steps.Add(delimiter.AsString() is [var character]
                    ? new CharacterSplitStep(CodePointSet.Create(codePoint => codePoint == character), SplitBehavior.Removed)
                    : throw delimiter.Fault($"must be one character, but is \"{delimiter.AsString()}\""));
                break;
            case "Metaspace":
                ReadMetaspace(field);
                break;
            default:
                throw type.Fault($"the pre-tokenizer {type.AsString()} is not supported");
        }
    }

    private void ReadByteLevel(JsonField field, JsonField type)
    {
        if (_byteLevelAt >= 0)
        {
            throw type.Fault("a second ByteLevel step would write bytes twice");
        }

        if (field.Boolean("add_prefix_space", missing: true))
        {
            _steps.Add(new PrefixSpaceStep());
        }

        if (field.Boolean("use_regex", missing: true))
        {
            _steps.Add(new SplitStep(Pattern.Parse(KnownPatterns.Gpt2), SplitBehavior.Isolated, invert: false));
        }

        _byteLevelAt = _steps.Count;
    }

    private void ReadMetaspace(JsonField field)
    {
        var mark = ReadMark(field);
        _steps.Add(new MetaspaceStep(mark, ReadScheme(field), field.Boolean("split", missing: true)));
    }

    /// <summary>The character that stands for a space.</summary>
    public static char ReadMark(JsonField field) => field.TryGet("replacement") switch
    {
        null => '\u2581',
        { } replacement => replacement.AsString() is [var mark] ? mark : throw replacement.Fault($"must be one character, but is \"{replacement.AsString()}\""),
    };

    /// <summary>Where a mark is put in front; <c>add_prefix_space</c> is the older way to say it.</summary>
    public static PrependScheme ReadScheme(JsonField field) => field.TryGet("prepend_scheme") switch
    {
        null => field.Boolean("add_prefix_space", missing: true) ? PrependScheme.Always : PrependScheme.Never,
        { } scheme => scheme.AsString() switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            var other => throw scheme.Fault($"must be always, first or never, but is \"{other}\""),
        },
    };

    private static SplitBehavior ReadBehavior(JsonField field) =>
        Enum.TryParse<SplitBehavior>(field.AsString(), out var behavior) && Enum.IsDefined(behavior)
            ? behavior
            : throw field.Fault($"must be one of {string.Join(", ", Enum.GetNames<SplitBehavior>())}, but is \"{field.AsString()}\"");

    private static CodePointSet Property(string name) => CodePointSet.Create(CodePointSet.TryProperty(name)!);

    /// <summary>ASCII's own punctuation, which counts some of Unicode's symbols, and Unicode's.</summary>
    private static bool IsPunctuation(int codePoint) => codePoint < 128
        ? char.IsPunctuation((char)codePoint) || char.IsSymbol((char)codePoint)
        : System.Text.Rune.IsPunctuation(new(codePoint));
}
