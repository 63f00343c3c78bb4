using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.Tests.Hosting;

namespace XLLM.Gateway.Tests.OpenAI;

public sealed class RerankTests
{
    private const string Path = "/v1/rerank";

    public static TheoryData<string, string, string> Faults => new()
    {
        { "\"query\":null", "query", "is missing" },
        { "\"query\":\"\"", "query", "is empty" },
        { "\"documents\":null", "documents", "is missing" },
        { "\"documents\":[]", "documents", "is empty" },
        { "\"documents\":\"a\"", "documents", "must be an array" },
        { "\"documents\":[\"a\",\"\"]", "documents[1]", "is empty" },
        { "\"documents\":[5]", "documents[0]", "must be a string or an object with a text, but is 5" },
        { "\"documents\":[{\"title\":\"a\"}]", "documents[0].text", "is missing" },
        { "\"documents\":[{\"text\":\"\"}]", "documents[0]", "is empty" },
        { "\"top_n\":0", "top_n", "from 1 to 2147483647, but is 0" },
        { "\"return_documents\":1", "return_documents", "must be true or false, but is 1" },
        { "\"rank_fields\":[\"title\"]", "rank_fields", "is not supported by this server" },
    };

    [Fact]
    public async Task AnAnswer_IsSorted_AndHasWhatClientsOfJinaAndCohereRead()
    {
        await using var host = await GatewayHost.StartAsync();
        var answer = await host.PostJsonAsync(Path, """{"model":"tiny","query":"q","documents":["a",{"text":"abc"},"ab"]}""");

        Assert.Equal(
            """{"id":"ID","object":"list","model":"tiny","results":[{"index":1,"relevance_score":0.03,"document":{"text":"abc"}},{"index":2,"relevance_score":0.02,"document":{"text":"ab"}},{"index":0,"relevance_score":0.01,"document":{"text":"a"}}],"usage":{"prompt_tokens":30,"total_tokens":30,"prompt_tokens_details":{"cached_tokens":6}}}""",
            Regex.Replace(answer.ToJsonString(), "rerank-[0-9a-f]{32}", "ID"));
    }

    [Fact]
    public async Task TopN_CutsTheResults_AndDocumentsMayStayAway()
    {
        await using var host = await GatewayHost.StartAsync();
        var answer = await host.PostJsonAsync(Path, """{"model":"tiny","query":"q","documents":["a","abc","ab"],"top_n":2,"return_documents":false,"instruction":"judge"}""");

        Assert.Equal("""[{"index":1,"relevance_score":0.03},{"index":2,"relevance_score":0.02}]""", answer["results"]!.ToJsonString());
        Assert.All(host.Client.RankRequests, request => Assert.Equal("judge", request.Instruction));
    }

    [Fact]
    public async Task EqualScores_KeepTheOrderOfTheDocuments()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Client.Rank = _ => new(0.5f, new(1, 0, 0));
        var answer = await host.PostJsonAsync(Path, """{"model":"tiny","query":"q","documents":["c","a","b"]}""");

        Assert.Equal([0, 1, 2], answer["results"]!.AsArray().Select(result => result!["index"]!.GetValue<int>()));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void AFault_NamesItsField(string field, string parameter, string message)
    {
        var body = JsonNode.Parse("""{"model":"tiny","query":"q","documents":["a"]}""")!.AsObject();
        foreach (var (name, value) in JsonNode.Parse($"{{{field}}}")!.AsObject())
        {
            body[name] = value?.DeepClone();
        }

        var fault = Assert.Single(RerankParser.Parse(JsonSerializer.SerializeToElement(body), "r", new()).Faults);
        Assert.Equal(parameter, fault.Parameter);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    /// <summary>The wire record documents the API; this keeps it true.</summary>
    [Fact]
    public void EveryDocumentedField_IsRead()
    {
        foreach (var property in OpenAIJsonContext.Default.RerankBody.Properties.Where(property => property.Name != "user"))
        {
            var body = JsonNode.Parse("""{"model":"tiny","query":"q","documents":["a"]}""")!.AsObject();
            body[property.Name] = new JsonObject();
            Assert.Contains(RerankParser.Parse(JsonSerializer.SerializeToElement(body), "r", new()).Faults, fault => fault.Parameter == property.Name);
        }
    }
}
