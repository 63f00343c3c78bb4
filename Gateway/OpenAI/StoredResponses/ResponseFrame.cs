using System.Text.Json;
using XLLM.Gateway.OpenAI.Wire;
using XLLM.Grains.Interfaces.Responses;

namespace XLLM.Gateway.OpenAI.StoredResponses;

/// <summary>What stays the same of a response while it is generated.</summary>
/// <param name="Id">Response id.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="Model">Model name.</param>
/// <param name="Echo">What it hands back of its request.</param>
internal sealed record ResponseFrame(string Id, long Created, string Model, ResponseEcho Echo)
{
    /// <summary>Of a stored response.</summary>
    public static ResponseFrame Of(ResponseSnapshot snapshot)
    {
        var echo = snapshot.Start.Echo is { } json ? JsonSerializer.Deserialize(json, OpenAIJsonContext.Answers.ResponseEcho) : null;
        return new(snapshot.ResponseId, snapshot.Created.ToUnixTimeSeconds(), snapshot.Start.Request.Model, echo ?? new());
    }

    /// <summary>The id of the item at a place of the output: the same whoever makes it.</summary>
    public string ItemId(string prefix, int index) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{prefix}_{Id[(Id.IndexOf('_', StringComparison.Ordinal) + 1)..]}_{index}");
}
