using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Gateway.Tests.OpenAI;

public sealed class RequestParserTests
{
    private const string Weather = """{"type":"function","function":{"name":"get_weather","parameters":{"type":"object"}}}""";

    /// <summary>Field and value added to a good chat body; the parameter named; a part of the message.</summary>
    public static TheoryData<string, string, string> ChatFaults => new()
    {
        { "\"model\":5", "model", "must be a string, but is 5" },
        { "\"model\":\"\"", "model", "is empty" },
        { "\"model\":null", "model", "is missing" },
        { "\"messages\":null", "messages", "is missing" },
        { "\"messages\":[]", "messages", "is empty" },
        { "\"messages\":\"hi\"", "messages", "must be an array, but is \"hi\"" },
        { "\"messages\":[5]", "messages[0]", "must be an object, but is 5" },
        { "\"messages\":[{\"content\":\"x\"}]", "messages[0].role", "is missing" },
        { "\"messages\":[{\"role\":\"emperor\",\"content\":\"x\"}]", "messages[0].role", "but is 'emperor'" },
        { "\"messages\":[{\"role\":\"user\"}]", "messages[0].content", "is missing" },
        { "\"messages\":[{\"role\":\"user\",\"content\":42}]", "messages[0].content", "but is 42" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[]}]", "messages[0].content", "empty array" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[\"x\"]}]", "messages[0].content[0]", "must be an object" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]", "messages[0].content[0].type", "is missing" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]", "messages[0].content[0].text", "is missing" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"x\"}}]}]", "messages[0].content[0].image_url.url", "must be a data URL (data:image/png;base64,...): this server fetches nothing, but it is 'x'" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://example.com/cat.png\"}}]}]", "messages[0].content[0].image_url.url", "but it is 'https://example.com/cat.png'" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]", "messages[0].content[0].image_url", "is missing" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":5}]}]", "messages[0].content[0].image_url", "must be an object with a url, but is 5" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{}}]}]", "messages[0].content[0].image_url.url", "is missing" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:,\",\"detail\":\"best\"}}]}]", "messages[0].content[0].image_url.detail", "must be one of auto, low, high, but is 'best'" },
        { "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}]", "messages[0].content[0].type", "'input_audio' is not supported by this server: only text and image_url parts are" },
        { "\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]", "messages[0].tool_call_id", "is missing" },
        { "\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"a\"}]}]", "messages[0].tool_calls[0].function", "is missing" },
        { "\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}]", "messages[0].tool_calls[0].id", "is missing" },
        { "\"messages\":[{\"role\":\"assistant\"}]", "messages[0].content", "is missing" },
        { "\"n\":0", "n", "from 1 to 128, but is 0" },
        { "\"n\":100000", "n", "from 1 to 128, but is 100000" },
        { "\"max_tokens\":0", "max_tokens", "from 1 to 2147483647, but is 0" },
        { "\"max_tokens\":-1", "max_tokens", "but is -1" },
        { "\"max_tokens\":1.5", "max_tokens", "an integer from 1 to 2147483647, but is 1.5" },
        { "\"max_tokens\":99999999999999", "max_tokens", "but is 99999999999999" },
        { "\"max_completion_tokens\":\"5\"", "max_completion_tokens", "but is \"5\"" },
        { "\"min_tokens\":9,\"max_tokens\":8", "min_tokens", "is 9, more than the 8" },
        { "\"temperature\":-0.5", "temperature", "must be a number from 0 to 2, but is -0.5" },
        { "\"temperature\":\"hot\"", "temperature", "but is \"hot\"" },
        { "\"temperature\":1e999", "temperature", "but is 1e999" },
        { "\"top_p\":0", "top_p", "must be a number above 0 to 1, but is 0" },
        { "\"top_p\":1.5", "top_p", "but is 1.5" },
        { "\"top_k\":-7", "top_k", "from -1 to" },
        { "\"min_p\":2", "min_p", "from 0 to 1, but is 2" },
        { "\"repetition_penalty\":0", "repetition_penalty", "above 0 to 2, but is 0" },
        { "\"presence_penalty\":-3", "presence_penalty", "from -2 to 2, but is -3" },
        { "\"frequency_penalty\":3", "frequency_penalty", "but is 3" },
        { "\"seed\":1e30", "seed", "but is 1e30" },
        { "\"logit_bias\":[1]", "logit_bias", "must be an object" },
        { "\"logit_bias\":{\"x\":1}", "logit_bias", "token ids as names, but has 'x'" },
        { "\"logit_bias\":{\"5\":101}", "logit_bias.5", "from -100 to 100, but is 101" },
        { "\"stop\":5", "stop", "a string or an array of strings, but is 5" },
        { "\"stop\":\"\"", "stop", "1 to 1024 characters, but has 0" },
        { "\"stop\":[\"a\",5]", "stop[1]", "must be a string" },
        { "\"stop_token_ids\":[-5]", "stop_token_ids[0]", "but is -5" },
        { "\"logprobs\":3", "logprobs", "true or false" },
        { "\"top_logprobs\":3", "top_logprobs", "needs logprobs true" },
        { "\"logprobs\":true,\"top_logprobs\":21", "top_logprobs", "from 0 to 20, but is 21" },
        { "\"stream\":\"yes\"", "stream", "true or false, but is \"yes\"" },
        { "\"stream_options\":{}", "stream_options", "only with stream true" },
        { "\"stream\":true,\"stream_options\":{\"continuous_usage_stats\":true}", "stream_options.continuous_usage_stats", "/v1/completions alone" },
        { "\"tools\":{}", "tools", "must be an array" },
        { "\"tools\":[{\"type\":\"retrieval\"}]", "tools[0].type", "but is 'retrieval'" },
        { "\"tools\":[{\"type\":\"function\"}]", "tools[0].function", "is missing" },
        { "\"tools\":[{\"type\":\"function\",\"function\":{}}]", "tools[0].function.name", "is missing" },
        { "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":5}}]", "tools[0].function.parameters", "a JSON schema object" },
        { $"\"tools\":[{Weather},{Weather}]", "tools[1].function.name", "as an earlier tool's" },
        { "\"tool_choice\":\"required\"", "tool_choice", "tools has none" },
        { "\"tool_choice\":\"maybe\"", "tool_choice", "but is \"maybe\"" },
        { $"\"tools\":[{Weather}],\"tool_choice\":{{\"type\":\"function\",\"function\":{{\"name\":\"f\"}}}}", "tool_choice", "names 'f', which is not in tools" },
        { $"\"tools\":[{Weather}],\"tool_choice\":{{\"type\":\"function\"}}", "tool_choice.function", "must be an object" },
        { "\"response_format\":{\"type\":\"json_object\"}", "response_format", "not supported" },
        { "\"response_format\":{}", "response_format.type", "is missing" },
        { "\"modalities\":[\"audio\"]", "modalities", "not supported" },
        { "\"reasoning_effort\":\"huge\"", "reasoning_effort", "but is 'huge'" },
        { "\"chat_template_kwargs\":\"x\"", "chat_template_kwargs", "must be an object" },
        { "\"continue_final_message\":true", "continue_final_message", "it is the user's" },
        { "\"continue_final_message\":true,\"add_generation_prompt\":true", "continue_final_message", "cannot both be true" },
        { "\"add_generation_prompt\":false", "add_generation_prompt", "only with continue_final_message" },
        { "\"cache_salt\":\"\"", "cache_salt", "but has 0" },
        { "\"session_id\":\"a b\"", "session_id", "1 to 128 characters" },
        { "\"session_id\":\"a\",\"n\":2", "n", "a turn of a session has one answer" },
        { "\"guided_regex\":\"a+\"", "guided_regex", "not supported" },
        { "\"best_of\":2", "best_of", "not supported" },
        { "\"functions\":[{}]", "functions", "not supported" },
    };

    public static TheoryData<string, string, string> CompletionFaults => new()
    {
        { "\"prompt\":null", "prompt", "is missing" },
        { "\"prompt\":\"\"", "prompt", "is empty" },
        { "\"prompt\":[]", "prompt", "empty array" },
        { "\"prompt\":{}", "prompt", "must be a string, an array" },
        { "\"prompt\":[\"a\",5]", "prompt[1]", "must be a string or an array of token ids" },
        { "\"prompt\":[1,\"a\"]", "prompt[1]", "must be a token id" },
        { "\"prompt\":[1,-2]", "prompt[1]", "but is -2" },
        { "\"prompt\":[[1],[]]", "prompt[1]", "empty array" },
        { "\"prompt\":[\"a\",\"b\"],\"n\":100", "n", "makes 200 answers, but at most 128" },
        { "\"suffix\":\"x\"", "suffix", "not supported" },
        { "\"logprobs\":21", "logprobs", "from 0 to 20" },
        { "\"echo\":true,\"logprobs\":1", "echo", "not supported" },
        { "\"echo\":true,\"prompt\":[1]", "echo", "not supported" },
        { "\"max_tokens\":0", "max_tokens", "but is 0" },
    };

    public static TheoryData<string, string> HarmlessFields => new()
    {
        { "best_of", "1" }, { "functions", "[]" }, { "guided_json", "null" }, { "prompt_logprobs", "false" }, { "tools", "[]" }, { "tool_choice", "\"auto\"" },
        { "tool_choice", "null" }, { "tool_choice", "\"none\"" }, { "response_format", "{\"type\":\"text\"}" }, { "modalities", "[\"text\"]" }, { "user", "\"me\"" },
        { "metadata", "{\"a\":\"b\"}" }, { "store", "true" }, { "temperature", "null" }, { "max_tokens", "3.0" }, { "something_new", "[1]" }, { "n", "1" }, { "top_logprobs", "0" },
    };

    [Theory]
    [MemberData(nameof(ChatFaults))]
    public void AFaultOfAChat_IsNamed(string fields, string parameter, string message) => AssertFault(RequestParser.Chat(Chat(fields), "r", new()).Faults, parameter, message);

    [Theory]
    [MemberData(nameof(CompletionFaults))]
    public void AFaultOfACompletion_IsNamed(string fields, string parameter, string message) =>
        AssertFault(RequestParser.Completion(Completion(fields), "r", new()).Faults, parameter, message);

    [Theory]
    [MemberData(nameof(HarmlessFields))]
    public void AFieldThatAsksForNothing_IsAccepted(string name, string value) => Assert.Empty(RequestParser.Chat(Chat($"\"{name}\":{value}"), "r", new()).Faults);

    [Fact]
    public void AllFaults_AreInTheMessage_AndTheFirstNamesTheParameter()
    {
        var faults = RequestParser.Chat(Chat("\"messages\":[],\"temperature\":9,\"n\":-1,\"stop\":5"), "r", new()).Faults;
        var error = ErrorMapping.From(faults);

        Assert.Equal((400, "messages", "invalid_value"), (error.Status, error.Parameter, error.Code));
        Assert.Equal(
            "messages is empty; at least one message is needed; temperature must be a number from 0 to 2, but is 9; "
            + "stop must be a string or an array of strings, but is 5; n must be an integer from 1 to 128, but is -1.",
            error.Message);
    }

    [Fact]
    public void TooManyOfSomething_IsRefused_WithBothNumbers()
    {
        string Many(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $"\"s{i}\""));
        AssertFault(RequestParser.Chat(Chat($"\"stop\":[{Many(1000)}]"), "r", new()).Faults, "stop", "has 1000 entries, but at most 64");
        Assert.Equal(64, RequestParser.Chat(Chat($"\"stop\":[{Many(64)}]"), "r", new()).Value!.Request.Stop.Strings.Count);
        AssertFault(RequestParser.Chat(Chat("\"stop\":\"abc\""), "r", new() { MaxStopLength = 2 }).Faults, "stop", "1 to 2 characters, but has 3");
        AssertFault(RequestParser.Chat(Chat(""), "r", new() { MaxMessages = 0 }).Faults, "messages", "has 1 entries, but at most 0");
    }

    [Fact]
    public void EveryField_ArrivesInTheChatRequest()
    {
        var call = RequestParser.Chat(
            Chat($$$"""
                "messages":[{"role":"developer","content":"d","name":"x"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
                  {"role":"assistant","content":null,"reasoning":"hm","tool_calls":[{"id":"c1","type":"function","function":{"name":"get_weather","arguments":"{}"}}]},
                  {"role":"tool","tool_call_id":"c1","content":"sun"},{"role":"assistant","content":"It"}],
                "tools":[ {{{Weather}}} ],"tool_choice":{"type":"function","function":{"name":"get_weather"} },"parallel_tool_calls":false,
                "chat_template_kwargs":{"enable_thinking":false},"reasoning_effort":"low","temperature":0.5,"top_p":0.9,"top_k":5,"min_p":0.1,"repetition_penalty":1.1,
                "presence_penalty":0.2,"frequency_penalty":-0.2,"seed":-7,"logit_bias":{"5":-100},"stop":["x","y"],"stop_token_ids":[3],"include_stop_str_in_output":true,
                "min_tokens":2,"max_tokens":10,"max_completion_tokens":9,"ignore_eos":true,"logprobs":true,"top_logprobs":4,"priority":-1,"cache_salt":"s","n":3,
                "stream":true,"stream_options":{"include_usage":true},"continue_final_message":true
                """),
            "r",
            new()).Value!;
        var request = call.Request;

        Assert.Equal(("r", "tiny", 3), (request.RequestId, request.Model, call.Choices));
        Assert.Equal(["developer", "user", "assistant", "tool", "assistant"], request.Messages.Select(message => message.Role));
        Assert.Equal("ab", request.Messages[1].Text);
        Assert.Equal([new ToolCall("c1", "get_weather", "{}")], request.Messages[2].ToolCalls);
        Assert.Equal("hm", request.Messages[2].Reasoning);
        Assert.Equal("c1", request.Messages[3].ToolCallId);
        Assert.Equal($"[ {Weather} ]", request.ToolsJson);
        Assert.Equal((ToolChoiceMode.Named, "get_weather", false), (request.ToolChoice, request.ToolChoiceName, request.ParallelToolCalls));
        Assert.Equal("""{"enable_thinking":false,"reasoning_effort":"low"}""", request.TemplateVariablesJson);
        Assert.Equal(
            request.Sampling with { LogitBias = null },
            new() { Temperature = 0.5f, TopP = 0.9f, TopK = 5, MinP = 0.1f, RepetitionPenalty = 1.1f, PresencePenalty = 0.2f, FrequencyPenalty = -0.2f, Seed = -7 });
        Assert.Equal(-100, request.Sampling.LogitBias![5]);
        Assert.Equal((9, 2, true, true), (request.Stop.MaxTokens, request.Stop.MinTokens, request.Stop.IgnoreEndToken, request.Stop.IncludeStopText));
        Assert.Equal(["x", "y"], request.Stop.Strings);
        Assert.Equal([3], request.Stop.TokenIds);
        Assert.Equal((4, -1, "s", true), (request.TopLogprobs, request.Priority, request.CacheSalt, request.ContinueFinalMessage));
        Assert.Equal(new Delivery(true, true, false), call.Delivery);
        Assert.Equal(new long?[] { -7, -6, -5 }, Enumerable.Range(0, 3).Select(i => call.RequestOf(i).Sampling.Seed));
        Assert.Equal(3, Enumerable.Range(0, 3).Select(i => call.RequestOf(i).RequestId).Distinct().Count());
    }

    [Fact]
    public void NothingBeyondModelAndMessages_MeansTheModelsDefaults()
    {
        var request = RequestParser.Chat(Chat(""), "r", new()).Value!.Request;
        Assert.Equal(new SamplingParameters(), request.Sampling);
        Assert.Equal((null, 0, false), (request.Stop.MaxTokens, request.Stop.MinTokens, request.Stop.IgnoreEndToken));
        Assert.Equal((null, null, null, ToolChoiceMode.Auto, true), (request.TopLogprobs, request.ToolsJson, request.SessionId, request.ToolChoice, request.ParallelToolCalls));
    }

    [Theory]
    [InlineData("\"one\"", 1)]
    [InlineData("[\"one\",\"two\"]", 2)]
    [InlineData("[1,2,3]", 1)]
    [InlineData("[[1,2],[3]]", 2)]
    [InlineData("[\"one\",[3]]", 2)]
    public void Prompts_MayBeTextOrTokens(string prompt, int count)
    {
        var call = RequestParser.Completion(Completion($"\"prompt\":{prompt}"), "r", new()).Value!;
        Assert.Equal(count, call.Prompts.Count);
        Assert.All(call.Prompts, one => Assert.True(one.Prompt is null != one.PromptTokens is null));
        Assert.Equal(16, call.Prompts[0].Stop.MaxTokens);
    }

    [Fact]
    public void OfEqualNames_TheLastCounts_AlsoInsideTools()
    {
        var request = RequestParser.Chat(
            Chat("""
                "temperature":1,"temperature":0.5,"chat_template_kwargs":{"a":1,"a":{"b":2,"b":3}},
                "tools":[{"type":"function","function":{"name":"f","name":"g"}}]
                """),
            "r",
            new()).Value!.Request;
        Assert.Equal(0.5f, request.Sampling.Temperature);
        Assert.Equal("""{"a":{"b":3}}""", request.TemplateVariablesJson);
        Assert.Equal("""[{"type":"function","function":{"name":"g"}}]""", request.ToolsJson);
    }

    /// <summary>The wire records document the API; this keeps them true: a documented field of a wrong type is noticed, except those that are ignored.</summary>
    [Fact]
    public void EveryDocumentedField_IsRead()
    {
        string[] ignored = ["user", "metadata", "store"];
        AssertRead(OpenAIJsonContext.Default.ChatCompletionBody, field => RequestParser.Chat(field, "r", new()).Faults, Chat(""), ignored);
        AssertRead(OpenAIJsonContext.Default.CompletionBody, field => RequestParser.Completion(field, "r", new()).Faults, Completion(""), ignored);
    }

    private static void AssertRead(JsonTypeInfo type, Func<JsonElement, IReadOnlyList<Fault>> parse, JsonElement good, string[] ignored)
    {
        foreach (var property in type.Properties.Where(property => !ignored.Contains(property.Name)))
        {
            // No field takes both a number and a list of truth values.
            Assert.True(new[] { "-1.5", "[true]" }.Any(wrong => Faults(property.Name, wrong).Any(fault => fault.Parameter.StartsWith(property.Name, StringComparison.Ordinal))), property.Name);
        }

        IReadOnlyList<Fault> Faults(string name, string value)
        {
            var body = JsonNode.Parse(good.GetRawText())!.AsObject();
            body[name] = JsonNode.Parse(value);
            return parse(Parse(body.ToJsonString()));
        }
    }

    private static void AssertFault(IReadOnlyList<Fault> faults, string parameter, string message)
    {
        var fault = Assert.Single(faults);
        Assert.Equal(parameter, fault.Parameter);
        Assert.StartsWith(parameter + " ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    private static JsonElement Chat(string fields) =>
        Parse($$"""{"model":"tiny","messages":[{"role":"user","content":"hi"}]{{(fields.Length == 0 ? "" : ",")}}{{fields}}}""");

    private static JsonElement Completion(string fields) => Parse($$"""{"model":"tiny","prompt":"one"{{(fields.Length == 0 ? "" : ",")}}{{fields}}}""");

    private static JsonElement Parse(string text) => JsonDocument.Parse(text).RootElement;
}
