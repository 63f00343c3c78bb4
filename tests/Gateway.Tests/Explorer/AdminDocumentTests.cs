using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using XLLM.Gateway.Tests.Admin;
using XLLM.Gateway.Tests.Hosting;
using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Gateway.Tests.Explorer;

public sealed class AdminDocumentTests
{
    private const string Key = "0123456789abcdef";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheDocument_HasEveryAdministrationRoute_AndNoOther_AndTheUsersHasNone()
    {
        await using var host = await StartAsync();
        string[] routes =
        [
            .. host.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
                .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/v1/admin", StringComparison.Ordinal))
                .SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods.Select(method => $"{method.ToUpperInvariant()} {endpoint.RoutePattern.RawText}")),
        ];
        var document = await DocumentAsync(host, "admin");

        Assert.True(routes.Length >= 11, $"only {routes.Length} routes are mapped");
        Assert.Equal(routes.Order(), Operations(document).Select(operation => operation.Name).Order());
        Assert.DoesNotContain("/v1/admin", (await DocumentAsync(host, "v1")).ToJsonString(), StringComparison.Ordinal);
    }

    /// <summary>What the routes really answer has the fields that the document says, by their names, and no other.</summary>
    [Theory]
    [InlineData("/v1/admin/silos", "silos")]
    [InlineData("/v1/admin/models", "models")]
    [InlineData("/v1/admin/replicas", "replicas")]
    [InlineData("/v1/admin/cache", "tiers")]
    public async Task AnAnswer_IsWhatItsSchemaSays(string path, string list)
    {
        await using var host = await StartAsync();
        using var loaded = await host.PostAsync("/v1/admin/models/m/load", "{}");        // so that there is a model
        var document = await DocumentAsync(host, "admin");
        var answer = JsonNode.Parse(await host.Http.GetStringAsync(new Uri(path, UriKind.Relative), Cancel))!;
        var schema = Resolve(document, document["paths"]![path]!["get"]!["responses"]!["200"]!["content"]!["application/json"]!["schema"]!);
        var items = Resolve(document, schema["properties"]![list]!["items"]!);

        var told = answer[list]!.AsArray().SelectMany(one => one!.AsObject().Select(field => field.Key)).Distinct().ToArray();
        var described = items["properties"]!.AsObject().Select(field => field.Key).ToArray();
        Assert.NotEmpty(told);
        Assert.Subset(described.ToHashSet(), told.ToHashSet());
        Assert.Subset(told.ToHashSet(), items["required"]!.AsArray().Select(name => name!.GetValue<string>()).ToHashSet());
    }

    [Fact]
    public async Task EveryOperation_HasItsProblems_AndWhatItTakes()
    {
        await using var host = await StartAsync();
        var document = await DocumentAsync(host, "admin");

        foreach (var (name, operation) in Operations(document))
        {
            foreach (var status in (string[])["401", "403", "500", "503"])
            {
                var problem = Resolve(document, operation["responses"]![status]!["content"]!["application/problem+json"]!["schema"]!);
                Assert.True(problem["properties"]!["code"] is not null, $"{name}: the problem of {status} has no code");
            }

            Assert.False(string.IsNullOrEmpty(operation["summary"]?.GetValue<string>()), $"{name} has no summary");
            Assert.NotEmpty(operation["tags"]!.AsArray());
        }

        Assert.Contains("not_loaded", Operation(document, "POST /v1/admin/models/{model}/load")["responses"]!["503"]!["description"]!.GetValue<string>(), StringComparison.Ordinal);
        var load = Operation(document, "POST /v1/admin/models/{model}/load");
        var body = Resolve(document, load["requestBody"]!["content"]!["application/json"]!["schema"]!);
        Assert.Equal(["path", "replicas", "stream"], body["properties"]!.AsObject().Select(field => field.Key).Order());
        Assert.Contains("total_bytes", load["responses"]!["200"]!["content"]!["text/event-stream"]!["schema"]!["x-event-schema"]!.ToJsonString() + document["components"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(["limit"], Operation(document, "GET /v1/admin/audit")["parameters"]!.AsArray().Select(parameter => parameter!["name"]!.GetValue<string>()));
        Assert.Equal(["model", "silo", "tier"], Operation(document, "DELETE /v1/admin/cache/{tier}")["parameters"]!.AsArray().Select(parameter => parameter!["name"]!.GetValue<string>()).Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TheDocument_SaysHowTheKeyIsShown_WhereThereIsOne(bool hasKey)
    {
        await using var host = await StartAsync(hasKey ? [("AdminKey", Key)] : []);
        if (hasKey)
        {
            host.Http.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        }

        var document = await DocumentAsync(host, "admin");

        var schemes = document["components"]!["securitySchemes"]!.AsObject();
        Assert.Equal(["basic", "bearer"], schemes.Select(scheme => scheme.Value!["scheme"]!.GetValue<string>()).Order());
        Assert.Equal(
            hasKey ? schemes.Select(scheme => scheme.Key).Order() : [],
            (document["security"]?.AsArray() ?? []).Select(requirement => Assert.Single(requirement!.AsObject()).Key).Order());
    }

    [Fact]
    public async Task ASiloThatIsAnEngineOnly_HasTheDocumentToo()
    {
        await using var host = await GatewayHost.StartWithAsync(null, services => services.AddSingleton<IAdministration, ScriptedAdministration>(), null, servesUsers: false);

        Assert.Equal(11, Operations(await DocumentAsync(host, "admin")).Count());
        Assert.Empty(Operations(await DocumentAsync(host, "v1")));
    }

    private static Task<GatewayHost> StartAsync(params (string Key, string Value)[] settings) =>
        GatewayHost.StartWithAsync(null, services => services.AddSingleton<IAdministration, ScriptedAdministration>(), null, settings);

    private static async Task<JsonNode> DocumentAsync(GatewayHost host, string name) =>
        JsonNode.Parse(await host.Http.GetStringAsync(new Uri($"/openapi/{name}.json", UriKind.Relative), Cancel))!;

    private static IEnumerable<(string Name, JsonNode Operation)> Operations(JsonNode document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select ($"{operation.Key.ToUpperInvariant()} {path.Key}", operation.Value!);

    private static JsonNode Operation(JsonNode document, string name) => Operations(document).Single(operation => operation.Name == name).Operation;

    private static JsonNode Resolve(JsonNode document, JsonNode schema) =>
        schema["$ref"] is { } reference ? document["components"]!["schemas"]![reference.GetValue<string>().Split('/')[^1]]! : schema;
}
