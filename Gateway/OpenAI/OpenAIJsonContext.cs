using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using XLLM.Gateway.OpenAI.Wire;

namespace XLLM.Gateway.OpenAI;

/// <summary>Source-generated JSON of everything under <c>/v1</c>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatCompletionBody))]
[JsonSerializable(typeof(CompletionBody))]
[JsonSerializable(typeof(ChatCompletion))]
[JsonSerializable(typeof(ChatCompletionChunk))]
[JsonSerializable(typeof(Completion))]
[JsonSerializable(typeof(ModelObject))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(SessionObject))]
[JsonSerializable(typeof(SessionDeleted))]
[JsonSerializable(typeof(ErrorEnvelope))]
[JsonSerializable(typeof(ResponseBody))]
[JsonSerializable(typeof(ResponseEcho))]
[JsonSerializable(typeof(ResponseObject))]
[JsonSerializable(typeof(ResponseEventObject))]
[JsonSerializable(typeof(ResponseDeleted))]
internal sealed partial class OpenAIJsonContext : JsonSerializerContext
{
    /// <summary>For writing answers: letters of every script stand as they are, since the content type is JSON and never HTML.</summary>
    public static OpenAIJsonContext Answers { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
