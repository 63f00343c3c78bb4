using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Notes fields that nobody reads. They are ignored, as vLLM does: clients send fields of many servers.</summary>
internal sealed partial class UnknownFields(ILogger<UnknownFields> logger)
{
    /// <summary>Fields read but in no wire record: those that are refused.</summary>
    private static readonly HashSet<string> Refused = [.. UnsupportedFields.Common, .. UnsupportedFields.Chat, .. UnsupportedFields.Completion];

    /// <summary>Logs the unknown fields of a body; names only, never values.</summary>
    public void Note(JsonElement body, JsonTypeInfo type, string requestId)
    {
        if (!logger.IsEnabled(LogLevel.Debug))
        {
            return;
        }

        foreach (var field in body.EnumerateObject())
        {
            if (!Refused.Contains(field.Name) && type.Properties.All(property => property.Name != field.Name))
            {
                LogIgnored(requestId, field.Name);
            }
        }
    }

    [LoggerMessage(1010, LogLevel.Debug, "{RequestId}: field '{Field}' is unknown and ignored")]
    private partial void LogIgnored(string requestId, string field);
}
