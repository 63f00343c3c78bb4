using System.Text.Json;
using XLLM.Grains.Interfaces.Chat;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>Reads a part of a message that is a picture. Which bytes it has is looked at where the model is; here only its form.</summary>
internal static class PictureParser
{
    private const string Field = "image_url";
    private const int ShownLength = 60;
    private static readonly string[] Details = ["auto", "low", "high"];

    /// <summary>Reads the part: in chats an object with a URL and the wish for details, in responses the URL with the wish beside it; either form is taken in both.</summary>
    public static ContentPart? Parse(JsonFields part, List<Fault> faults)
    {
        if (part.Find(Field) is not { } picture)
        {
            part.Fault(Field, "is missing");
            return null;
        }

        switch (picture.ValueKind)
        {
            case JsonValueKind.String:
                CheckDetail(part);
                return Url(part, Field, picture.GetString()!);
            case JsonValueKind.Object:
                var fields = new JsonFields(picture, part.Path(Field), faults);
                CheckDetail(fields);
                var url = fields.RequiredText("url");
                return fields.Find("url") is { ValueKind: JsonValueKind.String } ? Url(fields, "url", url) : null;
            default:
                part.Fault(Field, $"must be an object with a url, but is {JsonFields.Show(picture)}");
                return null;
        }
    }

    /// <summary>The model's own sizes hold; the wish is checked, so that a misspelt one does not pass for one.</summary>
    private static void CheckDetail(JsonFields fields)
    {
        if (fields.Text("detail") is { } detail && !Details.Contains(detail))
        {
            fields.Fault("detail", $"must be one of {string.Join(", ", Details)}, but is '{detail}'");
        }
    }

    private static ContentPart? Url(JsonFields fields, string name, string url)
    {
        if (url.StartsWith("data:", StringComparison.OrdinalIgnoreCase))
        {
            return new() { Type = "image_url", ImageUrl = url };
        }

        var shown = url.Length > ShownLength ? url[..(ShownLength - 3)] + "..." : url;
        fields.Unsupported(name, $"must be a data URL (data:image/png;base64,...): this server fetches nothing, but it is '{shown}'");
        return null;
    }
}
