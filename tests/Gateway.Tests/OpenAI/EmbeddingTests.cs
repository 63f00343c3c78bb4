using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.Tests.Hosting;

namespace XLLM.Gateway.Tests.OpenAI;

public sealed class EmbeddingTests
{
    private const string Path = "/v1/embeddings";

    public static TheoryData<string, string, string> Faults => new()
    {
        { "\"input\":null", "input", "is missing" },
        { "\"input\":[]", "input", "is an empty array" },
        { "\"input\":\"\"", "input", "is empty" },
        { "\"input\":[\"a\",\"\"]", "input[1]", "is empty" },
        { "\"input\":[\"a\",5]", "input[1]", "must be a string or an array of token ids, but is 5" },
        { "\"input\":[1,-1]", "input[1]", "must be a token id from 0, but is -1" },
        { "\"input\":{}", "input", "but is an object" },
        { "\"model\":5", "model", "must be a string, but is 5" },
        { "\"encoding_format\":\"int8\"", "encoding_format", "must be one of float, base64, but is 'int8'" },
        { "\"dimensions\":0", "dimensions", "from 1 to 2147483647, but is 0" },
        { "\"truncate_prompt_tokens\":5", "truncate_prompt_tokens", "is not supported by this server" },
    };

    [Fact]
    public async Task AnAnswer_HasEveryFieldOfOpenAI()
    {
        await using var host = await GatewayHost.StartAsync();
        var answer = await host.PostJsonAsync(Path, """{"model":"tiny","input":["abc",[1,2]]}""");

        Assert.Equal(
            """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[3,0.5]},{"object":"embedding","index":1,"embedding":[2,0.5]}],"model":"tiny","usage":{"prompt_tokens":5,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":2}}}""",
            answer.ToJsonString());
    }

    [Fact]
    public async Task Base64_IsOfLittleEndianFloat32()
    {
        await using var host = await GatewayHost.StartAsync();
        var answer = await host.PostJsonAsync(Path, """{"model":"tiny","input":"abc","encoding_format":"base64","dimensions":2}""");

        var bytes = Convert.FromBase64String(answer["data"]![0]!["embedding"]!.GetValue<string>());
        Assert.Equal([0, 0, 0x40, 0x40, 0, 0, 0, 0x3F], bytes);
        Assert.Equal(2, Assert.Single(host.Client.EmbeddingRequests).Dimensions);
    }

    [Fact]
    public async Task ManyInputs_AreAnsweredInOrder_EachUnderAnIdOfItsOwn()
    {
        await using var host = await GatewayHost.StartAsync();
        var inputs = Enumerable.Range(1, 200).Select(i => new string('x', i)).ToArray();
        var answer = await host.PostJsonAsync(Path, JsonSerializer.Serialize(new { model = "tiny", input = inputs }));

        Assert.Equal(inputs.Select(input => (float)input.Length), answer["data"]!.AsArray().Select(one => one!["embedding"]![0]!.GetValue<float>()));
        Assert.Equal(200, host.Client.EmbeddingRequests.Select(request => request.RequestId).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void AFault_NamesItsField(string field, string parameter, string message)
    {
        var body = JsonNode.Parse("""{"model":"tiny","input":"a"}""")!.AsObject();
        foreach (var (name, value) in JsonNode.Parse($"{{{field}}}")!.AsObject())
        {
            body[name] = value?.DeepClone();
        }

        var fault = Assert.Single(EmbeddingParser.Parse(JsonSerializer.SerializeToElement(body), "r", new()).Faults);
        Assert.Equal(parameter, fault.Parameter);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AllFaults_AreListed()
    {
        var faults = EmbeddingParser.Parse(JsonDocument.Parse("""{"input":[],"encoding_format":"x","dimensions":-1}""").RootElement, "r", new()).Faults;

        Assert.Equal(["model", "dimensions", "encoding_format", "input"], faults.Select(fault => fault.Parameter));
    }

    [Fact]
    public void MoreInputsThanAllowed_AreAFault_WithBothNumbers()
    {
        var body = JsonSerializer.SerializeToElement(new { model = "tiny", input = Enumerable.Repeat("a", 4) });

        Assert.Equal("input has 4 entries, but at most 3 are allowed", Assert.Single(EmbeddingParser.Parse(body, "r", new() { MaxInputs = 3 }).Faults).Message);
    }

    [Fact]
    public async Task AnUnknownModel_Is404()
    {
        await using var host = await GatewayHost.StartAsync();
        using var response = await host.Http.PostAsync(Path, new StringContent("""{"model":"nobody","input":["a","b"]}""", System.Text.Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("model_not_found", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    /// <summary>The wire record documents the API; this keeps it true.</summary>
    [Fact]
    public void EveryDocumentedField_IsRead()
    {
        foreach (var property in OpenAIJsonContext.Default.EmbeddingBody.Properties.Where(property => property.Name != "user"))
        {
            var body = JsonNode.Parse("""{"model":"tiny","input":"a"}""")!.AsObject();
            body[property.Name] = new JsonObject();
            Assert.Contains(EmbeddingParser.Parse(JsonSerializer.SerializeToElement(body), "r", new()).Faults, fault => fault.Parameter == property.Name);
        }
    }
}
