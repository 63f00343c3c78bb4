namespace XLLM.Gateway.OpenAI;

/// <summary>An error as clients of <c>/v1</c> see it.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Type">OpenAI's coarse kind: <c>invalid_request_error</c>, <c>rate_limit_error</c>, ...</param>
/// <param name="Code">What exactly, as a word that programs compare.</param>
/// <param name="Message">For people; names what was wrong with both numbers.</param>
/// <param name="Parameter">The request field at fault, or null.</param>
internal sealed record ApiError(int Status, string Type, string Code, string Message, string? Parameter = null)
{
    /// <summary>The same request may succeed later: the answer carries <c>Retry-After</c>.</summary>
    public bool MayRetry => Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable;
}
