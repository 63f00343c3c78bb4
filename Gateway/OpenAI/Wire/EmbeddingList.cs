using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Grains.Interfaces.Pooling;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>Answer of <c>POST /v1/embeddings</c>.</summary>
internal sealed record EmbeddingList
{
    [Description("list")]
    public string Object { get; } = "list";

    public required EmbeddingObject[] Data { get; init; }

    public required string Model { get; init; }

    public required PooledUsage Usage { get; init; }

    /// <summary>The answer to a call.</summary>
    public static EmbeddingList From(EmbeddingCall call, EmbeddingAnswer[] answers) => new()
    {
        Model = call.Inputs[0].Model,
        Data = [.. answers.Select((answer, i) => new EmbeddingObject { Index = i, Embedding = new(answer.Values, call.Base64) })],
        Usage = PooledUsage.Of(answers.Select(answer => answer.Usage)),
    };
}

/// <summary>The embedding of one input.</summary>
internal sealed record EmbeddingObject
{
    [Description("embedding")]
    public string Object { get; } = "embedding";

    [Description("Which input, from 0.")]
    public required int Index { get; init; }

    [Description("JSON numbers, or base64 of little-endian float32.")]
    public required EmbeddingVector Embedding { get; init; }
}

/// <summary>The numbers of an embedding, in either form.</summary>
/// <param name="Values">The numbers.</param>
/// <param name="Base64">As base64 of little-endian float32.</param>
[JsonConverter(typeof(EmbeddingVectorConverter))]
internal readonly record struct EmbeddingVector(float[] Values, bool Base64);

/// <summary>Writes <see cref="EmbeddingVector"/>.</summary>
internal sealed class EmbeddingVectorConverter : JsonConverter<EmbeddingVector>
{
    /// <inheritdoc/>
    public override EmbeddingVector Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("embeddings are written, never read");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, EmbeddingVector value, JsonSerializerOptions options)
    {
        if (value.Base64)
        {
            var bytes = new byte[value.Values.Length * sizeof(float)];
            for (var i = 0; i < value.Values.Length; i++)
            {
                System.Buffers.Binary.BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), value.Values[i]);
            }

            writer.WriteBase64StringValue(bytes);
            return;
        }

        writer.WriteStartArray();
        foreach (var number in value.Values)
        {
            writer.WriteNumberValue(number);
        }

        writer.WriteEndArray();
    }
}
