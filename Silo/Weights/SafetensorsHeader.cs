using System.Text.Json;
using System.Text.Unicode;
using XLLM.NativeBackends.Ops;

namespace XLLM.Silo.Weights;

/// <summary>Where a tensor lies in a safetensors file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Element type as the file spells it.</param>
/// <param name="DType">The same as ours; null for a type of the format that no weight of ours has.</param>
/// <param name="Shape">Dimensions, slowest first.</param>
/// <param name="Begin">First byte, from the start of the data section.</param>
/// <param name="End">Byte after the last.</param>
internal sealed record TensorPlace(string Name, string Type, DType? DType, IReadOnlyList<int> Shape, long Begin, long End);

/// <summary>Reads and checks the JSON header of a safetensors file. Pure: a span in, places or a fault out.</summary>
/// <remarks>
/// Source: the format's description in the safetensors repository. The file is 8 bytes of length (little endian), that many bytes of JSON, then the data.
/// The tensors must cover the data section without overlap and without a hole, so that nothing can hide between them.
/// </remarks>
internal static class SafetensorsHeader
{
    /// <summary>Longest header that is read, in bytes: 100 MB, the format's own limit.</summary>
    public const long MaxBytes = 100_000_000;

    /// <summary>The one key that is no tensor: an object of strings.</summary>
    private const string Metadata = "__metadata__";

    /// <summary>Longest part of a name that goes into a message.</summary>
    private const int QuotedCharacters = 200;

    private static readonly Dictionary<string, (int Bytes, DType? DType)> Types = new(StringComparer.Ordinal)
    {
        ["F64"] = (8, null),
        ["F32"] = (4, DType.F32),
        ["F16"] = (2, DType.F16),
        ["BF16"] = (2, DType.BF16),
        ["F8_E4M3"] = (1, DType.F8E4M3),
        ["F8_E5M2"] = (1, null),
        ["F8_E8M0"] = (1, null),
        ["I64"] = (8, DType.I64),
        ["I32"] = (4, DType.I32),
        ["I16"] = (2, null),
        ["I8"] = (1, DType.I8),
        ["U64"] = (8, null),
        ["U32"] = (4, null),
        ["U16"] = (2, null),
        ["U8"] = (1, DType.U8),
        ["BOOL"] = (1, null),
    };

    /// <summary>Reads the header.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="json">The JSON text, without the length before it.</param>
    /// <param name="dataBytes">Bytes that follow the header in the file.</param>
    /// <returns>All tensors, by where they begin.</returns>
    /// <exception cref="CheckpointException">The header breaks a rule of the format; the message names the tensor and the numbers.</exception>
    public static IReadOnlyList<TensorPlace> Parse(string file, ReadOnlyMemory<byte> json, long dataBytes)
    {
        if (!Utf8.IsValid(json.Span))
        {
            throw new CheckpointException($"{file}: the header is not valid UTF-8");
        }

        var places = new List<TensorPlace>();
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new CheckpointException($"{file}: the header is a JSON {document.RootElement.ValueKind}, not an object");
            }

            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name == Metadata)
                {
                    CheckMetadata(file, property.Value);
                }
                else
                {
                    places.Add(ReadPlace(file, property.Name, property.Value, dataBytes));
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escape such as \ud800 that is half a character.
            throw new CheckpointException($"{file}: the header is not valid JSON: {exception.Message}", exception);
        }

        places.Sort((a, b) => (a.Begin, a.End).CompareTo((b.Begin, b.End)));
        CheckCover(file, places, dataBytes);
        return places;
    }

    private static void CheckMetadata(string file, JsonElement metadata)
    {
        if (metadata.ValueKind != JsonValueKind.Object || metadata.EnumerateObject().Any(entry => entry.Value.ValueKind != JsonValueKind.String))
        {
            throw new CheckpointException($"{file}: \"{Metadata}\" is not an object of strings");
        }
    }

    private static TensorPlace ReadPlace(string file, string name, JsonElement entry, long dataBytes)
    {
        CheckpointException Fault(string what) => new($"{file}: tensor \"{Quoted(name)}\": {what}");

        if (entry.ValueKind != JsonValueKind.Object
            || !entry.TryGetProperty("dtype", out var type) || type.ValueKind != JsonValueKind.String
            || !entry.TryGetProperty("shape", out var dimensions) || dimensions.ValueKind != JsonValueKind.Array
            || !entry.TryGetProperty("data_offsets", out var offsets) || offsets.ValueKind != JsonValueKind.Array
            || entry.GetPropertyCount() != 3)
        {
            throw Fault("its entry is not {\"dtype\": text, \"shape\": [...], \"data_offsets\": [begin, end]}");
        }

        var typeName = type.GetString()!;
        if (!Types.TryGetValue(typeName, out var known))
        {
            throw Fault($"element type \"{Quoted(typeName)}\" is unknown; known: {string.Join(", ", Types.Keys)}");
        }

        var shape = new int[dimensions.GetArrayLength()];
        long bytes = known.Bytes;
        for (var i = 0; i < shape.Length; i++)
        {
            if (dimensions[i].ValueKind != JsonValueKind.Number || !dimensions[i].TryGetInt32(out shape[i]) || shape[i] < 0)
            {
                throw Fault($"dimension {i} is {Quoted(dimensions[i].GetRawText())}, not an integer from 0 to {int.MaxValue}");
            }
        }

        // Zero first: [2^31 - 1, 2^31 - 1, 0] has no elements and must not overflow on the way.
        if (shape.Contains(0))
        {
            bytes = 0;
        }

        foreach (var dimension in shape)
        {
            if (bytes > 0 && dimension > long.MaxValue / bytes)
            {
                throw Fault($"{typeName} [{string.Join(", ", shape)}] has more bytes than fit 63 bits");
            }

            bytes *= dimension;
        }

        if (offsets.GetArrayLength() != 2
            || offsets[0].ValueKind != JsonValueKind.Number || !offsets[0].TryGetInt64(out var begin)
            || offsets[1].ValueKind != JsonValueKind.Number || !offsets[1].TryGetInt64(out var end)
            || begin < 0 || end < begin)
        {
            throw Fault($"data_offsets are {Quoted(offsets.GetRawText())}, not [begin, end] with 0 <= begin <= end");
        }

        if (end > dataBytes)
        {
            throw Fault($"it ends at byte {end} of the data, but the file has only {dataBytes}; is it cut off?");
        }

        return end - begin == bytes
            ? new TensorPlace(name, typeName, known.DType, shape, begin, end)
            : throw Fault($"{typeName} [{string.Join(", ", shape)}] takes {bytes} bytes, but data_offsets [{begin}, {end}] hold {end - begin}");
    }

    private static void CheckCover(string file, List<TensorPlace> places, long dataBytes)
    {
        var next = 0L;
        var before = "the start";
        foreach (var place in places)
        {
            var name = $"\"{Quoted(place.Name)}\"";
            if (place.Begin < next)
            {
                throw new CheckpointException($"{file}: tensor {name} begins at byte {place.Begin}, inside tensor {before} that ends at {next}");
            }

            if (place.Begin > next)
            {
                throw new CheckpointException($"{file}: the bytes {next} to {place.Begin} between {before} and tensor {name} belong to no tensor");
            }

            next = place.End;
            before = name;
        }

        if (next != dataBytes)
        {
            throw new CheckpointException($"{file}: the tensors end at byte {next} of the data, but the file has {dataBytes}");
        }
    }

    private static string Quoted(string text) => text.Length <= QuotedCharacters ? text : $"{text[..QuotedCharacters]}...";
}
