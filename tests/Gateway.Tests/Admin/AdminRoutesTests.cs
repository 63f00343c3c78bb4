using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using XLLM.Gateway.Tests.Hosting;
using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Gateway.Tests.Admin;

/// <summary>The administration routes over HTTP; the cluster behind them is scripted.</summary>
public sealed class AdminRoutesTests
{
    private const string Key = "0123456789abcdef";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "/v1/admin/silos", """{"silos":[{"name":"a","address":"S127.0.0.1:11111:1","role":"engine","state":"active","host":"host","process_id":7,"up_seconds":1.5,"sessions":3,"replicas":[{"model":"m","silo":"a","address":"S127.0.0.1:11111:1","state":"ready","bytes":100,"idle_seconds":2}],"known_models":[{"model":"m","bytes":100}]}]}""")]
    [InlineData("GET", "/v1/admin/replicas", """{"replicas":[{"model":"m","silo":"a","address":"S127.0.0.1:11111:1","state":"ready","bytes":100,"idle_seconds":2}]}""")]
    [InlineData("GET", "/v1/admin/cache", """{"tiers":[{"silo":"a","tier":"host","blocks":4,"bytes":400,"hits":3,"misses":1,"hit_rate":0.75,"clearable":true}]}""")]
    [InlineData("DELETE", "/v1/admin/cache/host?model=m", """{"tier":"host","bytes":400}""")]
    public async Task Routes_AnswerInJson(string method, string path, string expected)
    {
        await using var gateway = await StartAsync();

        using var response = await SendAsync(gateway, method, path);
        var body = await response.Content.ReadAsStringAsync(Cancel);

        Assert.Equal((HttpStatusCode.OK, "application/json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(body)), body);
    }

    [Fact]
    public async Task AnAct_IsAudited_WithWho_What_AndItsOutcome()
    {
        await using var gateway = await StartAsync();

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/admin/silos/a/drain");
        request.Headers.Add("X-Request-Id", "mine");
        using var response = await gateway.Http.SendAsync(request, Cancel);

        Assert.Equal("drained", JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["state"]!.GetValue<string>());
        var entry = Assert.Single(Administration(gateway).Audit);
        Assert.Equal(("this machine, from 127.0.0.1", "silo.drain", "a", true, "Drained", "mine"), (entry.Who, entry.What, entry.Target, entry.Succeeded, entry.Outcome, entry.RequestId));
        Assert.Contains(gateway.Log.Lines, line => line.Text.Contains("audit", StringComparison.Ordinal) && line.Text.Contains("silo.drain a done", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnActThatFails_IsAuditedToo_AndAnswersWithAProblem()
    {
        await using var gateway = await StartAsync();

        var problem = await ProblemAsync(await SendAsync(gateway, "POST", "/v1/admin/silos/nowhere/drain"), 404, "not_found");

        Assert.Contains("there are: a", problem, StringComparison.Ordinal);
        var entry = Assert.Single(Administration(gateway).Audit);
        Assert.False(entry.Succeeded);
        Assert.Equal(problem, entry.Outcome);
    }

    [Fact]
    public async Task AnActIsDone_ThoughTheAuditCannotBeWritten_AndTheLogHasBoth()
    {
        await using var gateway = await StartAsync();
        Administration(gateway).AuditFault = new InvalidOperationException("the disk is full");

        using var response = await SendAsync(gateway, "POST", "/v1/admin/silos/a/drain");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(gateway.Log.Lines, line => line.Text.Contains("silo.drain a done", StringComparison.Ordinal));
        Assert.Contains(gateway.Log.Lines, line => line.Text.Contains("could not be stored", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Load_AnswersWhenTheReplicasServe_OrWithEvents()
    {
        await using var gateway = await StartAsync();

        using (var response = await gateway.PostAsync("/v1/admin/models/org%2Fmodel/load", """{"replicas":2,"path":"/models/x"}"""))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(2, JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["replicas"]!.AsArray().Count);
        }

        Assert.Equal(new DeploymentSpec(new ModelPlace("org/model", "/models/x"), 2), Administration(gateway).Specs.Last());

        using var streamed = await gateway.PostAsync("/v1/admin/models/m/load", """{"stream":true}""");
        var events = await streamed.Content.ReadAsStringAsync(Cancel);
        Assert.Equal(
            [
                """{"model":"m","silo":"a","stage":"loading","bytes":50,"total_bytes":100}""",
                """{"model":"m","silo":"a","stage":"ready","bytes":0}""",
                """{"model":"m","wanted_replicas":1,"asleep":false,"replicas":[{"model":"m","silo":"a","address":"S127.0.0.1:11111:1","state":"ready","bytes":100,"idle_seconds":2}]}""",
                "[DONE]",
            ],
            events.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => line["data: ".Length..]));
    }

    [Fact]
    public async Task Load_WithoutABody_WantsOne_AndUnloadWantsNone()
    {
        await using var gateway = await StartAsync();

        using var load = await SendAsync(gateway, "POST", "/v1/admin/models/m/load");
        using var unload = await SendAsync(gateway, "POST", "/v1/admin/models/m/unload");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (load.StatusCode, unload.StatusCode));
        Assert.Equal([1, 0], Administration(gateway).Specs.Select(spec => spec.Replicas));
    }

    [Fact]
    public async Task Load_ThatFails_IsAProblem_ThatSaysWhy()
    {
        await using var gateway = await StartAsync();
        Administration(gateway).LoadFault = "the file is damaged";

        var detail = await ProblemAsync(await SendAsync(gateway, "POST", "/v1/admin/models/m/load"), 503, "not_loaded");

        Assert.Contains("0 of 1", detail, StringComparison.Ordinal);
        Assert.Contains("the file is damaged", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABodyWithFaults_NamesAllOfThem()
    {
        await using var gateway = await StartAsync();

        var detail = await ProblemAsync(await gateway.PostAsync("/v1/admin/models/m/load", """{"replicas":"two","path":"","stream":1,"colour":"red"}"""), 400, "invalid_value");

        Assert.All(["replicas must", "path must", "stream must", "'colour'"], part => Assert.Contains(part, detail, StringComparison.Ordinal));
        Assert.Empty(Administration(gateway).Specs);
    }

    [Theory]
    [InlineData("GET", "/v1/admin/nothing", 404, "not_found")]
    [InlineData("DELETE", "/v1/admin/silos", 405, "method_not_allowed")]
    [InlineData("GET", "/v1/admin/audit?limit=0", 400, "invalid_value")]
    [InlineData("DELETE", "/v1/admin/models/unknown", 404, "not_found")]
    [InlineData("DELETE", "/v1/admin/cache/device", 404, "not_found")]
    public async Task Faults_AreProblems(string method, string path, int status, string code)
    {
        await using var gateway = await StartAsync();

        await ProblemAsync(await SendAsync(gateway, method, path), status, code);
    }

    [Theory]
    [InlineData("/v1/admin/silos")]
    [InlineData("/V1/Admin/Silos")]
    [InlineData("/v1/admin")]
    [InlineData("/dashboard")]
    [InlineData("/Dashboard/index.html")]
    [InlineData("/openapi/admin.json")]
    [InlineData("/OpenApi/Admin.json/")]
    public async Task WithAKey_NothingIsShownWithoutIt(string path)
    {
        await using var gateway = await StartAsync(("AdminKey", Key));

        using var without = await SendAsync(gateway, "GET", path);
        Assert.StartsWith(path.StartsWith("/v1", StringComparison.OrdinalIgnoreCase) ? "Bearer" : "Basic", without.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        await ProblemAsync(without, 401, "unauthorized");

        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Authorization", $"Bearer {Key}");
        using var with = await gateway.Http.SendAsync(request, Cancel);
        Assert.NotEqual(HttpStatusCode.Unauthorized, with.StatusCode);
    }

    [Fact]
    public async Task ABodyThatIsNoJson_IsAProblem()
    {
        await using var gateway = await StartAsync();

        await ProblemAsync(await gateway.PostAsync("/v1/admin/models/m/load", "replicas=2", "application/x-www-form-urlencoded"), 415, "unsupported_media_type");
    }

    [Fact]
    public async Task WithoutAKey_ARequestThatAProxyForwarded_IsForbidden()
    {
        await using var gateway = await StartAsync();

        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/admin/silos/a/drain");
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        await ProblemAsync(await gateway.Http.SendAsync(request, Cancel), 403, "forbidden");
        Assert.Empty(Administration(gateway).Audit);
    }

    [Fact]
    public async Task WithAnAdminUrl_AdministrationIsOnThatPortAlone_AndTheUsersApiIsNot()
    {
        var (users, admin) = (FreePort(), FreePort());
        await using var gateway = await GatewayHost.StartWithAsync(
            null, services => services.AddSingleton<IAdministration, ScriptedAdministration>(), [$"http://127.0.0.1:{users}", $"http://127.0.0.1:{admin}"], ("AdminUrl", $"http://127.0.0.1:{admin}"));
        using var http = new HttpClient();

        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri($"http://127.0.0.1:{users}/v1/admin/silos"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri($"http://127.0.0.1:{admin}/v1/admin/silos"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri($"http://127.0.0.1:{users}/openapi/admin.json"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri($"http://127.0.0.1:{admin}/openapi/admin.json"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri($"http://127.0.0.1:{users}/v1/models"), Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri($"http://127.0.0.1:{admin}/v1/models"), Cancel)).StatusCode);
    }

    private static Task<GatewayHost> StartAsync(params (string Key, string Value)[] settings) =>
        GatewayHost.StartWithAsync(null, services => services.AddSingleton<IAdministration, ScriptedAdministration>(), null, settings);

    private static ScriptedAdministration Administration(GatewayHost gateway) => (ScriptedAdministration)gateway.App.Services.GetRequiredService<IAdministration>();

    private static async Task<HttpResponseMessage> SendAsync(GatewayHost gateway, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        return await gateway.Http.SendAsync(request, Cancel);
    }

    /// <summary>Checks that an answer is a problem, and gives its detail.</summary>
    private static async Task<string> ProblemAsync(HttpResponseMessage response, int status, string code)
    {
        using (response)
        {
            var body = await response.Content.ReadAsStringAsync(Cancel);
            Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {body}");
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.NotEmpty(response.Headers.GetValues("X-Request-Id"));
            var problem = JsonNode.Parse(body)!;
            Assert.Equal((status, code), (problem["status"]!.GetValue<int>(), problem["code"]!.GetValue<string>()));
            return problem["detail"]!.GetValue<string>();
        }
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
