namespace XLLM.Gateway.OpenAI;

/// <summary>Ends a request with an error that its client is told.</summary>
internal sealed class ApiException(ApiError error) : Exception(error.Message)
{
    /// <summary>What to tell.</summary>
    public ApiError Error { get; } = error;
}
