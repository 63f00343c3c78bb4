using System.Globalization;
using System.Text.Json;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>The fields that both endpoints share: how tokens are drawn, when to end, how the answer is sent. Ranges are those of <see cref="SamplingParameters"/>.</summary>
internal static class SamplingParser
{
    /// <summary>Most log probabilities per token, as in <see cref="GenerationRequest.TopLogprobs"/>.</summary>
    public const int MaxTopLogprobs = 20;

    /// <summary>Most entries of <c>logit_bias</c> and <c>stop_token_ids</c>. OpenAI's bound of <c>logit_bias</c> is 300, vLLM has none.</summary>
    private const int MaxTokenIds = 4096;

    /// <summary>Reads the sampling fields.</summary>
    public static SamplingParameters Sampling(JsonFields body) => new()
    {
        Temperature = body.Real("temperature", 0, 2),
        TopP = body.Real("top_p", 0, 1, above: true),
        TopK = body.Integer("top_k", -1),
        MinP = body.Real("min_p", 0, 1),
        RepetitionPenalty = body.Real("repetition_penalty", 0, 2, above: true),
        PresencePenalty = body.Real("presence_penalty", -2, 2),
        FrequencyPenalty = body.Real("frequency_penalty", -2, 2),
        Seed = body.Long("seed", long.MinValue, long.MaxValue),
        LogitBias = LogitBias(body),
    };

    /// <summary>Reads the stop fields.</summary>
    /// <param name="body">The request.</param>
    /// <param name="options">Bounds of the stop strings.</param>
    /// <param name="maxTokens">Already read: its name differs between endpoints.</param>
    public static StopParameters Stop(JsonFields body, GatewayOptions options, int? maxTokens)
    {
        var minTokens = body.Integer("min_tokens", 0) ?? 0;
        if (minTokens > maxTokens)
        {
            body.Fault("min_tokens", string.Create(CultureInfo.InvariantCulture, $"is {minTokens}, more than the {maxTokens} that max_tokens allows"));
        }

        return new()
        {
            MaxTokens = maxTokens,
            MinTokens = minTokens,
            Strings = StopStrings(body, options),
            TokenIds = TokenIds(body),
            IgnoreEndToken = body.Flag("ignore_eos") ?? false,
            IncludeStopText = body.Flag("include_stop_str_in_output") ?? false,
        };
    }

    /// <summary>Reads the stream fields.</summary>
    public static Delivery Delivery(JsonFields body, List<Fault> faults)
    {
        var stream = body.Flag("stream") ?? false;
        if (body.Find("stream_options", JsonValueKind.Object, "an object") is not { } element)
        {
            return new(stream, false, false);
        }

        if (!stream)
        {
            body.Fault("stream_options", "is allowed only with stream true");
        }

        var options = new JsonFields(element, "stream_options", faults);
        return new(stream, options.Flag("include_usage") ?? false, options.Flag("continuous_usage_stats") ?? false);
    }

    /// <summary>Reads <c>cache_salt</c>.</summary>
    public static string? CacheSalt(JsonFields body)
    {
        const int most = 1024;      // vLLM's bound
        var salt = body.Text("cache_salt");
        if (salt is { Length: 0 or > most })
        {
            body.Fault("cache_salt", string.Create(CultureInfo.InvariantCulture, $"must have 1 to {most} characters, but has {salt.Length}"));
        }

        return salt;
    }

    private static string[] StopStrings(JsonFields body, GatewayOptions options)
    {
        if (body.Find("stop") is not { } stop)
        {
            return [];
        }

        if (stop.ValueKind == JsonValueKind.String)
        {
            return StopString(body, "stop", stop, options) is { } only ? [only] : [];
        }

        if (stop.ValueKind != JsonValueKind.Array)
        {
            body.Fault("stop", $"must be a string or an array of strings, but is {JsonFields.Show(stop)}");
            return [];
        }

        if (body.List("stop", options.MaxStopStrings) is not { } list)
        {
            return [];
        }

        return [.. list.EnumerateArray().Select((one, i) => StopString(body, $"stop[{i}]", one, options)).OfType<string>()];
    }

    private static string? StopString(JsonFields body, string name, JsonElement value, GatewayOptions options)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            body.Fault(name, $"must be a string, but is {JsonFields.Show(value)}");
            return null;
        }

        var text = value.GetString()!;
        if (text.Length == 0 || text.Length > options.MaxStopLength)
        {
            body.Fault(name, string.Create(CultureInfo.InvariantCulture, $"must have 1 to {options.MaxStopLength} characters, but has {text.Length}"));
            return null;
        }

        return text;
    }

    private static int[] TokenIds(JsonFields body)
    {
        if (body.List("stop_token_ids", MaxTokenIds) is not { } list)
        {
            return [];
        }

        var ids = new List<int>();
        foreach (var (i, value) in list.EnumerateArray().Index())
        {
            if (JsonFields.TryInteger(value, 0, int.MaxValue, out var id))
            {
                ids.Add((int)id);
            }
            else
            {
                body.Fault($"stop_token_ids[{i}]", $"must be a token id from 0, but is {JsonFields.Show(value)}");
            }
        }

        return [.. ids];
    }

    private static Dictionary<int, float>? LogitBias(JsonFields body)
    {
        if (body.Find("logit_bias", JsonValueKind.Object, "an object of token ids and numbers") is not { } map)
        {
            return null;
        }

        var biases = new Dictionary<int, float>();
        foreach (var entry in map.EnumerateObject())
        {
            if (biases.Count == MaxTokenIds)
            {
                body.Fault("logit_bias", string.Create(CultureInfo.InvariantCulture, $"has more than {MaxTokenIds} entries"));
                break;
            }

            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                body.Fault("logit_bias", $"must have token ids as names, but has '{Shorten(entry.Name)}'");
            }
            else if (new JsonFields(map, body.Path("logit_bias"), []).Real(entry.Name, -100, 100) is { } bias)
            {
                biases[id] = bias;
            }
            else
            {
                body.Fault($"logit_bias.{entry.Name}", $"must be a number from -100 to 100, but is {JsonFields.Show(entry.Value)}");
            }
        }

        return biases.Count == 0 ? null : biases;
    }

    private static string Shorten(string text) => text.Length > 40 ? text[..37] + "..." : text;
}
