using System.Text.Json;
using System.Text.Json.Nodes;

namespace XLLM.Silo.Hosting;

/// <summary>The variables that a tokenizer's configuration gives its chat template: <c>bos_token</c>, <c>eos_token</c>, <c>pad_token</c>, <c>unk_token</c>.</summary>
internal static class SpecialTokens
{
    private static readonly string[] Names = ["bos_token", "eos_token", "pad_token", "unk_token"];

    /// <summary>Reads <c>tokenizer_config.json</c> of a model folder; empty where there is none.</summary>
    /// <exception cref="StartException">The file is no JSON object.</exception>
    public static Dictionary<string, string> Read(string folder)
    {
        var file = Path.Combine(folder, "tokenizer_config.json");
        var result = new Dictionary<string, string>();
        if (!File.Exists(file))
        {
            return result;
        }

        try
        {
            var config = JsonNode.Parse(File.ReadAllText(file)) as JsonObject ?? throw new StartException($"{file} is no JSON object");
            foreach (var name in Names)
            {
                // A token is a string, or an object with its content and how to match it.
                var value = config[name] is JsonObject token ? token["content"] : config[name];
                if (value?.GetValueKind() == JsonValueKind.String)
                {
                    result[name] = value.GetValue<string>();
                }
            }
        }
        catch (JsonException e)
        {
            throw new StartException($"{file} is damaged: {e.Message}", e);
        }

        return result;
    }
}
