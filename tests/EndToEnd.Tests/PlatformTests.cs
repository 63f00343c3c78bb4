using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace XLLM.EndToEnd.Tests;

/// <summary>What an operator looks at.</summary>
public sealed class PlatformTests(SiloFixture fixture)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/health/live", "application/json")]
    [InlineData("/health/ready", "application/json")]
    [InlineData("/metrics", "text/plain")]
    [InlineData("/dashboard/", "text/html")]
    [InlineData("/openapi/v1.json", "application/json")]
    [InlineData("/v1/models", "application/json")]
    public async Task AnOperatorsPage_IsThere(string path, string type)
    {
        using var response = await fixture.Silo.Http.GetAsync(new Uri(path, UriKind.Relative), Cancel);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith(type, response.Content.Headers.ContentType!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheModels_AreListed()
    {
        var models = await fixture.Silo.Http.GetFromJsonAsync<JsonNode>("/v1/models", Cancel);

        Assert.Equal("xllm-demo", models!["data"]![0]!["id"]!.GetValue<string>());
    }

    [Fact]
    public async Task TheOpenApiDocument_DescribesEveryV1Route()
    {
        var document = await fixture.Silo.Http.GetFromJsonAsync<JsonNode>("/openapi/v1.json", Cancel);
        var paths = document!["paths"]!.AsObject().Select(path => path.Key).ToArray();

        Assert.Superset(new HashSet<string> { "/v1/chat/completions", "/v1/completions", "/v1/models" }, paths.ToHashSet());
    }
}
