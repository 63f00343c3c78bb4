using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using XLLM.Gateway.Hosting;
using XLLM.Grains.Interfaces.Client;

namespace XLLM.Gateway.Tests.Hosting;

/// <summary>The real gateway on a real port of this machine; only the platform behind it is scripted.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    private GatewayHost(WebApplication app)
    {
        App = app;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromSeconds(60) };
    }

    public WebApplication App { get; }

    public HttpClient Http { get; }

    public ScriptedClient Client => (ScriptedClient)App.Services.GetRequiredService<IInferenceClient>();

    public LogRecorder Log => App.Services.GetRequiredService<LogRecorder>();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static Task<GatewayHost> StartAsync(TimeProvider? clock = null, params (string Key, string Value)[] settings) => StartWithAsync(clock, null, null, settings);

    /// <summary>As above, with further services, and on several addresses.</summary>
    public static Task<GatewayHost> StartWithAsync(TimeProvider? clock, Action<IServiceCollection>? configure, string[]? urls, params (string Key, string Value)[] settings) =>
        StartWithAsync(clock, configure, urls, servesUsers: true, settings);

    /// <summary>As above, for administrators alone where it serves no users.</summary>
    public static async Task<GatewayHost> StartWithAsync(
        TimeProvider? clock, Action<IServiceCollection>? configure, string[]? urls, bool servesUsers, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Xllm:Gateway:{setting.Key}", (string?)setting.Value)));
        builder.WebHost.UseKestrel().UseUrls(urls ?? ["http://127.0.0.1:0"]);
        var log = new LogRecorder();
        builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        builder.Services.AddSingleton(log);
        builder.Services.AddSingleton<IInferenceClient, ScriptedClient>();
        builder.Services.AddSingleton<IResponseClient, ScriptedResponses>();
        if (clock is not null)
        {
            builder.Services.AddSingleton(clock);
        }

        configure?.Invoke(builder.Services);
        builder.Services.AddXllmGateway(builder.Configuration);
        var app = builder.Build();
        app.MapXllmGateway(servesUsers);
        await app.StartAsync(Cancel);
        return new(app);
    }

    public Task<HttpResponseMessage> PostAsync(string path, string body, string type = "application/json") =>
        Http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, type), Cancel);

    public async Task<JsonNode> PostJsonAsync(string path, string body)
    {
        using var response = await PostAsync(path, body);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }

    public async Task<string> PostTextAsync(string path, string body)
    {
        using var response = await PostAsync(path, body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync(Cancel);
    }

    public async Task<JsonObject> ErrorAsync(string path, string body, int status) => await ErrorAsync(await PostAsync(path, body), status);

    /// <summary>Checks that an answer is an error in OpenAI's envelope, and gives its inner object.</summary>
    public static async Task<JsonObject> ErrorAsync(HttpResponseMessage response, int status)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(Cancel);
            Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
            Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
            Assert.NotEmpty(response.Headers.GetValues("X-Request-Id"));
            var error = JsonNode.Parse(text)!["error"]!.AsObject();
            Assert.Equal(["message", "type", "param", "code"], error.Select(field => field.Key));
            Assert.Equal(JsonValueKind.String, error["code"]!.GetValueKind());
            Assert.False(string.IsNullOrWhiteSpace(error["message"]!.GetValue<string>()));
            return error;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await App.DisposeAsync();
    }
}
