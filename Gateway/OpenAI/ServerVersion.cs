namespace XLLM.Gateway.OpenAI;

/// <summary>Which server this is.</summary>
internal static class ServerVersion
{
    /// <summary>Value of <c>system_fingerprint</c>.</summary>
    public static string Fingerprint { get; } = $"xllm-{typeof(ServerVersion).Assembly.GetName().Version?.ToString(3)}";
}
