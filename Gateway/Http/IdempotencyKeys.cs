using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using XLLM.Gateway.OpenAI;
using XLLM.Grains.Interfaces;

namespace XLLM.Gateway.Http;

/// <summary>The header by which a client says that a request is a retry of an earlier one: both are one request, and it runs once.</summary>
internal static class IdempotencyKeys
{
    /// <summary>The header. Source: draft-ietf-httpapi-idempotency-key-header.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>Longest key. Stripe's bound.</summary>
    private const int MaxLength = 255;

    /// <summary>The request's key, or null.</summary>
    /// <exception cref="ApiException">It is empty or too long.</exception>
    public static string? Of(HttpRequest request)
    {
        if (!request.Headers.TryGetValue(Header, out var values))
        {
            return null;
        }

        var key = values.ToString();
        return key.Length is > 0 and <= MaxLength
            ? key
            : throw new ApiException(ErrorMapping.Error(RequestErrors.InvalidValue, $"{Header} must have 1 to {MaxLength} characters, but has {key.Length}.", Header));
    }

    /// <summary>The id of what a key names: the same for every retry, at whatever gateway.</summary>
    /// <param name="prefix">Kind of id.</param>
    /// <param name="route">Keys of different routes are different keys.</param>
    /// <param name="key">The key.</param>
    public static string Id(string prefix, string route, string key) => prefix + Hash(Encoding.UTF8.GetBytes($"{route}\0{key}"));

    /// <summary>Names a body's content.</summary>
    public static string Fingerprint(JsonElement body) => Hash(Encoding.UTF8.GetBytes(body.GetRawText()));

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 24));
}
