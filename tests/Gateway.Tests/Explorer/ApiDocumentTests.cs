using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using XLLM.Gateway.Tests.Hosting;

namespace XLLM.Gateway.Tests.Explorer;

public sealed class ApiDocumentTests
{
    [Fact]
    public async Task TheDocument_HasEveryRoute_AndNoOther()
    {
        await using var host = await GatewayHost.StartAsync();
        var routes = host.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/v1", StringComparison.Ordinal) && !endpoint.RoutePattern.RawText!.StartsWith("/v1/admin", StringComparison.Ordinal))
            .SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods
                .Select(method => $"{method.ToUpperInvariant()} {endpoint.RoutePattern.RawText!.Replace("**", "", StringComparison.Ordinal)}"));
        var document = await DocumentAsync(host);
        var described = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => $"{operation.Key.ToUpperInvariant()} {path.Key}"));

        Assert.Equal(routes.Order(), described.Order());
        Assert.True(routes.Count() >= 10, "the routes under /v1 are missing");
    }

    [Fact]
    public async Task TheDocument_DescribesBodiesAnswersErrorsAndStreams()
    {
        await using var host = await GatewayHost.StartAsync();
        var document = await DocumentAsync(host);
        var chat = document["paths"]!["/v1/chat/completions"]!["post"]!;
        var body = Resolve(document, chat["requestBody"]!["content"]!["application/json"]!["schema"]!);
        Assert.Equal(["messages", "model"], body["required"]!.AsArray().Select(name => name!.GetValue<string>()).Order());
        Assert.Equal(0, body["properties"]!["temperature"]!["minimum"]!.GetValue<double>());
        Assert.Equal(2, body["properties"]!["temperature"]!["maximum"]!.GetValue<double>());
        Assert.Equal(["string", "array"], body["properties"]!["stop"]!["anyOf"]!.AsArray().Select(one => one!["type"]!.GetValue<string>()));
        Assert.Equal(["null", "integer"], body["properties"]!["max_tokens"]!["type"]!.AsArray().Select(one => one!.GetValue<string>()));
        Assert.Equal("string", Resolve(document, document["components"]!["schemas"]!["ChatCompletion"]!)["properties"]!["object"]!["type"]!.GetValue<string>());
        Assert.DoesNotContain("JsonElement", document.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("min_p", body["properties"]!.AsObject().Select(field => field.Key));

        var answer = chat["responses"]!["200"]!["content"]!;
        Assert.Contains("usage", Resolve(document, answer["application/json"]!["schema"]!)["properties"]!.AsObject().Select(field => field.Key));
        Assert.Contains("delta", answer["text/event-stream"]!["schema"]!["x-event-schema"]!.ToJsonString() + document["components"]!.ToJsonString(), StringComparison.Ordinal);
        foreach (var status in new[] { "400", "404", "409", "413", "415", "429", "500", "503" })
        {
            var error = Resolve(document, chat["responses"]![status]!["content"]!["application/json"]!["schema"]!);
            Assert.Equal(["code", "message", "param", "type"], Resolve(document, error["properties"]!["error"]!)["required"]!.AsArray().Select(name => name!.GetValue<string>()).Order());
        }

        Assert.Contains("session_busy", chat["responses"]!["409"]!["description"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.NotNull(chat["responses"]!["429"]!["headers"]!["Retry-After"]);
    }

    [Fact]
    public async Task TheExplorer_IsServedFromHere()
    {
        await using var host = await GatewayHost.StartAsync();
        using var answer = await host.Http.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);      // leads to the explorer
        var page = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("default-src 'self'; ", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        Assert.Contains("openapi/v1.json", page, StringComparison.Ordinal);
        Assert.DoesNotMatch("(src|href)=\"?(https?:)?//", page);
        var script = System.Text.RegularExpressions.Regex.Match(page, "src=\"([^\"]+\\.js[^\"]*)\"").Groups[1].Value;
        using var response = await host.Http.GetAsync(new Uri(new Uri(host.Http.BaseAddress!, "/explorer/"), script), TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{script}: {response.StatusCode}");
    }

    private static async Task<JsonNode> DocumentAsync(GatewayHost host) =>
        JsonNode.Parse(await host.Http.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative), TestContext.Current.CancellationToken))!;

    private static JsonNode Resolve(JsonNode document, JsonNode schema) =>
        schema["$ref"] is { } reference ? document["components"]!["schemas"]![reference.GetValue<string>().Split('/')[^1]]! : schema;
}
