using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace XLLM.Gateway.Admin;

/// <summary>Who may administer. Pure.</summary>
/// <remarks>
/// With a key: who shows it. Without one: who calls from this machine, by a name of this machine, and by no proxy and no page of another site. The last three matter because a browser on this
/// machine calls from it too: a page that it shows could otherwise send requests here (the browser then names the page's origin), or read the answers under a name that it lets point here.
/// </remarks>
internal static class AdminAccess
{
    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";
    private static readonly HashSet<string> OwnNames = new(StringComparer.OrdinalIgnoreCase) { "localhost", "127.0.0.1", "[::1]" };

    /// <summary>Decides.</summary>
    /// <param name="key">The configured key; empty: none.</param>
    /// <param name="caller">What the request shows.</param>
    /// <returns>Who it is, for the audit; or why it may not.</returns>
    public static (string? Who, string? Refusal) Decide(string key, in AdminCaller caller)
    {
        var from = caller.Address?.IsIPv4MappedToIPv6 == true ? caller.Address.MapToIPv4() : caller.Address;
        if (key.Length > 0)
        {
            return Shown(caller.Authorization) is { } shown && Equal(shown, key)
                ? ($"admin key, from {from}", null)
                : (null, "Show the admin key: Authorization: Bearer KEY, or as the password of Basic authentication.");
        }

        if (from is null || !IPAddress.IsLoopback(from))
        {
            return (null, $"No admin key is configured, so only this machine may administer, not {from}. Set Xllm:Gateway:AdminKey.");
        }

        if (caller.Forwarded)
        {
            return (null, "No admin key is configured, and a proxy forwarded this request, so its sender is not known. Set Xllm:Gateway:AdminKey.");
        }

        if (!OwnNames.Contains(caller.Host))
        {
            return (null, $"No admin key is configured, and the request was sent to '{caller.Host}', which is no name of this machine alone. Set Xllm:Gateway:AdminKey.");
        }

        return caller.Origin is { Length: > 0 } origin && !(Uri.TryCreate(origin, UriKind.Absolute, out var page) && OwnNames.Contains(page.Host))
            ? (null, $"No admin key is configured, and a page of {origin} sent this request. Set Xllm:Gateway:AdminKey.")
            : ($"this machine, from {from}", null);
    }

    /// <summary>The key that a header shows: of Bearer, or the password of Basic, which is what browsers can ask for.</summary>
    private static string? Shown(string authorization)
    {
        if (authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return authorization[Bearer.Length..].Trim();
        }

        if (!authorization.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            var pair = Encoding.UTF8.GetString(Convert.FromBase64String(authorization[Basic.Length..].Trim()));
            var colon = pair.IndexOf(':', StringComparison.Ordinal);
            return colon < 0 ? null : pair[(colon + 1)..];
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>In a time that says nothing about how much of the key was right, or how long it is.</summary>
    private static bool Equal(string shown, string key) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(shown)), SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}

/// <summary>What a request shows of its sender.</summary>
/// <param name="Address">Address of the connection.</param>
/// <param name="Authorization">The header.</param>
/// <param name="Host">Host name that it was sent to, without the port.</param>
/// <param name="Origin">The page that sent it; null where none did.</param>
/// <param name="Forwarded">Whether a proxy says that it passed it on.</param>
internal readonly record struct AdminCaller(IPAddress? Address, string Authorization, string Host, string? Origin, bool Forwarded)
{
    /// <summary>Reads a request.</summary>
    public static AdminCaller Of(HttpContext context)
    {
        var headers = context.Request.Headers;
        return new(
            context.Connection.RemoteIpAddress,
            headers.Authorization.ToString(),
            context.Request.Host.Host,
            headers.Origin.ToString() is { Length: > 0 } origin ? origin : null,
            headers.ContainsKey("X-Forwarded-For") || headers.ContainsKey("Forwarded") || headers.ContainsKey("X-Real-IP"));
    }
}
