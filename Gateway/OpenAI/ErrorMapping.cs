using System.Collections.Frozen;
using Orleans.Runtime;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI;

/// <summary>Every code that clients can see, with its HTTP status and OpenAI type: the one table, also in ARCHITECTURE.md, which a test compares.</summary>
internal static class ErrorMapping
{
    /// <summary>The body is no JSON object.</summary>
    public const string InvalidJson = "invalid_json";

    /// <summary>The body is no UTF-8, or names half a surrogate pair.</summary>
    public const string InvalidUtf8 = "invalid_utf8";

    /// <summary>The body is larger than the gateway takes.</summary>
    public const string BodyTooLarge = "body_too_large";

    /// <summary>The body's content type is not JSON.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary>A field asks for something that this server does not do.</summary>
    public const string UnsupportedParameter = "unsupported_parameter";

    /// <summary>There is no such route.</summary>
    public const string NotFound = "not_found";

    /// <summary>An administrator's route without the admin key.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>An administrator's route, asked from where it may not be.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>A model is not loaded as it is wanted.</summary>
    public const string NotLoaded = "not_loaded";

    /// <summary>The route does not take this method.</summary>
    public const string MethodNotAllowed = "method_not_allowed";

    /// <summary>The request's bytes are no HTTP that can be served.</summary>
    public const string BadRequest = "bad_request";

    /// <summary>The body came too slowly.</summary>
    public const string RequestTimeout = "request_timeout";

    /// <summary>A fault of the server that is nobody's request.</summary>
    public const string InternalError = "internal_error";

    private const string Invalid = "invalid_request_error";

    /// <summary>Codes that only administrators see, with their HTTP status.</summary>
    public static readonly FrozenDictionary<string, int> OfAdministration = new Dictionary<string, int>
    {
        [Unauthorized] = 401,
        [Forbidden] = 403,
        [NotLoaded] = 503,
    }.ToFrozenDictionary();

    /// <summary>Code to status and type.</summary>
    public static readonly FrozenDictionary<string, (int Status, string Type)> Table = new Dictionary<string, (int, string)>
    {
        [InvalidJson] = (400, Invalid),
        [InvalidUtf8] = (400, Invalid),
        [BadRequest] = (400, Invalid),
        [UnsupportedParameter] = (400, Invalid),
        [RequestErrors.InvalidValue] = (400, Invalid),
        [RequestErrors.InvalidTemplateInput] = (400, Invalid),
        [RequestErrors.ContextLengthExceeded] = (400, Invalid),
        [NotFound] = (404, Invalid),
        [RequestErrors.ModelNotFound] = (404, Invalid),
        [RequestErrors.SessionNotFound] = (404, Invalid),
        [RequestErrors.ResponseNotFound] = (404, Invalid),
        [MethodNotAllowed] = (405, Invalid),
        [RequestTimeout] = (408, Invalid),
        [RequestErrors.SessionBusy] = (409, "conflict_error"),
        [RequestErrors.IdempotencyConflict] = (409, "conflict_error"),
        [BodyTooLarge] = (413, Invalid),
        [UnsupportedMediaType] = (415, Invalid),
        [RequestErrors.Overloaded] = (429, "rate_limit_error"),
        [RequestErrors.EngineFailed] = (500, "server_error"),
        [InternalError] = (500, "server_error"),
        [RequestErrors.Unavailable] = (503, "service_unavailable_error"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>An error of a code in the table; an unknown code is an <see cref="InternalError"/>, whose cause clients are not told.</summary>
    public static ApiError Error(string code, string message, string? parameter = null) => Table.TryGetValue(code, out var entry)
        ? new(entry.Status, entry.Type, code, message, parameter)
        : Internal;

    /// <summary>What a client is told about a fault of ours: nothing that it could do anything about.</summary>
    public static ApiError Internal { get; } = new(500, "server_error", InternalError, "The server had an error; its log says more, under the request id of this answer.");

    /// <summary>All faults of a request in one error; the first gives code and parameter.</summary>
    public static ApiError From(IReadOnlyList<Fault> faults) =>
        Error(faults[0].Code, string.Join("; ", faults.Select(fault => fault.Message)) + ".", faults[0].Parameter);

    /// <summary>The error that an exception means to a client.</summary>
    public static ApiError From(Exception exception) => exception switch
    {
        ApiException api => api.Error,
        RequestException request => Error(request.Code, request.Message, request.Parameter),
        BadHttpRequestException { StatusCode: 413 } body => Error(BodyTooLarge, body.Message),
        BadHttpRequestException { StatusCode: 408 } slow => Error(RequestTimeout, slow.Message),
        BadHttpRequestException bad => Error(BadRequest, bad.Message),
        TimeoutException or OperationCanceledException or SiloUnavailableException or OrleansMessageRejectionException =>
            Error(RequestErrors.Unavailable, "No replica answered in time; try again."),
        _ => Internal,
    };

    /// <summary>The error that an end means, or null where it is an answer.</summary>
    public static ApiError? From(EndReason reason, string? message) => reason switch
    {
        EndReason.Stop or EndReason.Length => null,
        EndReason.TooLong => Error(RequestErrors.ContextLengthExceeded, message ?? "prompt and output do not fit the context", "messages"),
        EndReason.Overloaded => Error(RequestErrors.Overloaded, message ?? "every replica of the model is full"),
        EndReason.Unavailable => Error(RequestErrors.Unavailable, message ?? "no replica of the model can answer now"),
        EndReason.Cancelled => Error(RequestErrors.Unavailable, message ?? "the generation was cancelled by the server"),
        _ => Error(RequestErrors.EngineFailed, message ?? "the engine failed"),
    };
}
