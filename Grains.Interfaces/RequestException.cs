namespace XLLM.Grains.Interfaces;

/// <summary>A request cannot be served, for a reason that its sender can act on. Crosses silos.</summary>
[GenerateSerializer, Alias("xllm.request-exception")]
public sealed class RequestException : Exception
{
    /// <summary>Creates one.</summary>
    /// <param name="code">One of <see cref="RequestErrors"/>.</param>
    /// <param name="message">What was wrong, with both numbers.</param>
    /// <param name="parameter">The request field at fault, or null.</param>
    public RequestException(string code, string message, string? parameter = null)
        : base(message)
    {
        Code = code;
        Parameter = parameter;
    }

    /// <summary>One of <see cref="RequestErrors"/>.</summary>
    [Id(0)]
    public string Code { get; }

    /// <summary>The request field at fault, or null.</summary>
    [Id(1)]
    public string? Parameter { get; }
}

/// <summary>Codes of <see cref="RequestException"/>: the strings that clients see as <c>error.code</c>.</summary>
public static class RequestErrors
{
    /// <summary>No such model. 404.</summary>
    public const string ModelNotFound = "model_not_found";

    /// <summary>Prompt and output do not fit the context. 400.</summary>
    public const string ContextLengthExceeded = "context_length_exceeded";

    /// <summary>A field has a value that cannot be served. 400.</summary>
    public const string InvalidValue = "invalid_value";

    /// <summary>The model's chat template refused the messages. 400.</summary>
    public const string InvalidTemplateInput = "invalid_template_input";

    /// <summary>No session of that id. 404.</summary>
    public const string SessionNotFound = "session_not_found";

    /// <summary>There is no such thing as was named. 404.</summary>
    public const string NotFound = "not_found";

    /// <summary>Another turn of the same session is running. 409.</summary>
    public const string SessionBusy = "session_busy";

    /// <summary>No response of that id. 404.</summary>
    public const string ResponseNotFound = "response_not_found";

    /// <summary>The id or idempotency key was used for another request. 409.</summary>
    public const string IdempotencyConflict = "idempotency_conflict";

    /// <summary>Every replica is full. 429, with Retry-After.</summary>
    public const string Overloaded = "overloaded";

    /// <summary>No replica can answer now. 503, with Retry-After.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The engine failed. 500.</summary>
    public const string EngineFailed = "engine_failed";
}
