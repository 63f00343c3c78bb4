using System.ComponentModel;
using System.Text.Json.Serialization;

namespace XLLM.Gateway.OpenAI.Wire;

/// <summary>The body of every error under <c>/v1</c>.</summary>
internal sealed record ErrorEnvelope
{
    public required ErrorObject Error { get; init; }

    /// <summary>Wraps an error.</summary>
    public static ErrorEnvelope From(ApiError error) => new() { Error = new() { Message = error.Message, Type = error.Type, Param = error.Parameter, Code = error.Code } };
}

/// <summary>An error. All four fields are always there; clients lose the message otherwise.</summary>
internal sealed record ErrorObject
{
    [Description("For people.")]
    public required string Message { get; init; }

    [Description("The coarse kind, such as invalid_request_error.")]
    public required string Type { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Description("The first request field at fault, or null.")]
    public required string? Param { get; init; }

    [Description("What exactly, such as context_length_exceeded.")]
    public required string Code { get; init; }
}
