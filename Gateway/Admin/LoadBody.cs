using System.Globalization;
using System.Text.Json;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI;

namespace XLLM.Gateway.Admin;

/// <summary>The body of load and unload, which may be missing.</summary>
/// <param name="Replicas">Silos that should serve the model; null: as many as before, at least one.</param>
/// <param name="Path">Where its files are on the silos; null: by their own configuration.</param>
/// <param name="Stream">Whether the answer is events.</param>
internal readonly record struct LoadBody(int? Replicas, string? Path, bool Stream)
{
    /// <summary>Reads it; checks every field.</summary>
    /// <exception cref="ApiException">It is no JSON object, or fields of it are wrong: all are named.</exception>
    public static async Task<LoadBody> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (request.ContentLength is null or 0 && request.ContentType is null)
        {
            return default;
        }

        using var document = await JsonBody.ReadAsync(request, maxBytes, cancellationToken);
        return Parse(document.RootElement);
    }

    /// <summary>Reads the object. Pure.</summary>
    /// <exception cref="ApiException">Fields are wrong: all are named.</exception>
    public static LoadBody Parse(JsonElement body)
    {
        var (read, faults) = (default(LoadBody), new List<string>());
        foreach (var field in body.EnumerateObject())
        {
            switch (field.Name)
            {
                case "replicas" when field.Value.ValueKind == JsonValueKind.Number && field.Value.TryGetInt32(out var replicas):
                    read = read with { Replicas = replicas };
                    break;
                case "path" when field.Value.ValueKind == JsonValueKind.String && field.Value.GetString() is { Length: > 0 } path:
                    read = read with { Path = path };
                    break;
                case "stream" when field.Value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                    read = read with { Stream = field.Value.GetBoolean() };
                    break;
                case "replicas" or "path" or "stream" when field.Value.ValueKind == JsonValueKind.Null:
                    break;
                case "replicas":
                    faults.Add("replicas must be a whole number");
                    break;
                case "path":
                    faults.Add("path must be text that is not empty");
                    break;
                case "stream":
                    faults.Add("stream must be true or false");
                    break;
                default:
                    faults.Add(string.Create(CultureInfo.InvariantCulture, $"there is no field '{field.Name}'; there are: replicas, path, stream"));
                    break;
            }
        }

        return faults.Count == 0 ? read : throw new ApiException(ErrorMapping.Error("invalid_value", string.Join("; ", faults) + "."));
    }
}
