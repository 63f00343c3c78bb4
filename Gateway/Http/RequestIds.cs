namespace XLLM.Gateway.Http;

/// <summary>Ids of requests.</summary>
internal static class RequestIds
{
    /// <summary>Header that carries a caller's id, and ours back.</summary>
    public const string Header = "X-Request-Id";

    /// <summary>Longest id taken from a caller.</summary>
    private const int MaxLength = 128;

    /// <summary>A new unique id.</summary>
    public static string New(string prefix) => $"{prefix}{Guid.NewGuid():N}";

    /// <summary>The caller's id where it can stand in a header and a log line, else a new one. Callers may repeat theirs, so nothing is found by it.</summary>
    public static string Of(HttpRequest request)
    {
        var given = request.Headers[Header].ToString();
        return given.Length is > 0 and <= MaxLength && given.All(c => c is > ' ' and <= '~') ? given : New("req-");
    }
}
