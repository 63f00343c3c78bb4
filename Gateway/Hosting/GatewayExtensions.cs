using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Scalar.AspNetCore;
using XLLM.Gateway.Admin;
using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.Explorer;
using XLLM.Gateway.Http;
using XLLM.Gateway.Metrics;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.OpenAI.Requests;
using XLLM.Gateway.OpenAI.Wire;

namespace XLLM.Gateway.Hosting;

/// <summary>The gateway as a part of a web host. The host brings an <c>IInferenceClient</c>; the gateway asks nothing else of the platform.</summary>
public static class GatewayExtensions
{
    /// <summary>What the explorer's browser may load: only what this server sends. Its inline script and styles are the page's own.</summary>
    private const string ExplorerPolicy =
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:";

    /// <summary>Adds what <see cref="MapXllmGateway"/> needs.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configuration">Has the section <c>Xllm:Gateway</c>; faults in it stop the start, all named.</param>
    public static IServiceCollection AddXllmGateway(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<GatewayOptions>().Bind(configuration.GetSection(GatewayOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<MetricsCollector>();
        services.AddSingleton<UnknownFields>();
        services.AddSingleton<ChatCompletionsEndpoint>();
        services.AddSingleton<CompletionsEndpoint>();
        services.AddSingleton<PooledEndpoint>();
        services.AddSingleton<ModelsEndpoint>();
        services.AddSingleton<SessionsEndpoint>();
        services.AddSingleton<AdminAudit>();
        services.AddSingleton<AdminEndpoints>();
        services.AddSingleton<ResponsesEndpoint>();
        services.Configure<JsonOptions>(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, OpenAIJsonContext.Default);
            options.SerializerOptions.TypeInfoResolverChain.Insert(1, AdminJsonContext.ForDocument);
        });
        services.AddOpenApi("v1", ApiDocument.Configure);
        services.AddOpenApi(AdminDocument.Name, AdminDocument.Configure);
        return services;
    }

    /// <summary>Maps <c>/v1</c>, <c>/openapi/v1.json</c>, <c>/openapi/admin.json</c>, <c>/explorer</c>, <c>/metrics</c>, and <c>/</c>, which leads to the explorer.</summary>
    /// <param name="app">The built host.</param>
    /// <param name="servesUsers">False in a silo that is an engine only: it maps administration, documents, and <c>/metrics</c>.</param>
    public static WebApplication MapXllmGateway(this WebApplication app, bool servesUsers = true)
    {
        app.Services.GetRequiredService<MetricsCollector>();        // listens from the start, not from the first scrape
        app.UseMiddleware<AdminMiddleware>();
        app.UseMiddleware<V1Middleware>();
        AdminEndpoints.Map(app);
        app.MapOpenApi();
        app.MapGet("/metrics", (MetricsCollector metrics) => TypedResults.Text(PrometheusText.Write(metrics.Collect()), PrometheusText.ContentType)).ExcludeFromDescription();
        if (servesUsers)
        {
            MapV1(app);
            MapResponses(app);
            MapExplorer(app);
        }

        return app;
    }

    private static void MapV1(WebApplication app)
    {
        app.MapPost("/v1/chat/completions", (HttpContext context, ChatCompletionsEndpoint endpoint) => endpoint.InvokeAsync(context))
            .WithSummary("Answer a conversation")
            .WithTags("Generation")
            .WithMetadata(new StreamsAttribute(typeof(ChatCompletionChunk)))
            .Accepts<ChatCompletionBody>("application/json")
            .Produces<ChatCompletion>()
            .ProducesErrors(400, 404, 405, 409, 413, 415, 429, 500, 503);
        app.MapPost("/v1/completions", (HttpContext context, CompletionsEndpoint endpoint) => endpoint.InvokeAsync(context))
            .WithSummary("Continue text or tokens")
            .WithTags("Generation")
            .WithMetadata(new StreamsAttribute(typeof(Completion)))
            .Accepts<CompletionBody>("application/json")
            .Produces<Completion>()
            .ProducesErrors(400, 404, 405, 413, 415, 429, 500, 503);
        app.MapPost("/v1/embeddings", (HttpContext context, PooledEndpoint endpoint) => endpoint.EmbedAsync(context))
            .WithSummary("Make embeddings of texts or tokens")
            .WithTags("Embeddings")
            .Accepts<EmbeddingBody>("application/json")
            .Produces<EmbeddingList>()
            .ProducesErrors(400, 404, 405, 413, 415, 429, 500, 503);
        app.MapPost("/v1/rerank", (HttpContext context, PooledEndpoint endpoint) => endpoint.RankAsync(context))
            .WithSummary("Rank documents by how well they answer a query")
            .WithTags("Embeddings")
            .Accepts<RerankBody>("application/json")
            .Produces<RerankAnswer>()
            .ProducesErrors(400, 404, 405, 413, 415, 429, 500, 503);
        app.MapGet("/v1/models", (HttpContext context, ModelsEndpoint endpoint) => endpoint.ListAsync(context))
            .WithSummary("List the served models")
            .WithTags("Models")
            .Produces<ModelList>()
            .ProducesErrors(500, 503);
        app.MapGet("/v1/models/{**id}", (HttpContext context, string id, ModelsEndpoint endpoint) => endpoint.GetAsync(context, id))
            .WithSummary("Describe a served model")
            .WithTags("Models")
            .Produces<ModelObject>()
            .ProducesErrors(404, 500, 503);
        app.MapGet("/v1/sessions/{id}", (HttpContext context, string id, SessionsEndpoint endpoint) => endpoint.GetAsync(context, id))
            .WithSummary("Read a stored conversation")
            .WithTags("Sessions")
            .Produces<SessionObject>()
            .ProducesErrors(400, 404, 500, 503);
        app.MapDelete("/v1/sessions/{id}", (HttpContext context, string id, SessionsEndpoint endpoint) => endpoint.DeleteAsync(context, id))
            .WithSummary("Forget a stored conversation")
            .WithTags("Sessions")
            .Produces<SessionDeleted>()
            .ProducesErrors(400, 404, 500, 503);
    }

    private static void MapResponses(WebApplication app)
    {
        app.MapPost("/v1/responses", (HttpContext context, ResponsesEndpoint endpoint) => endpoint.CreateAsync(context))
            .WithSummary("Create a response")
            .WithTags("Responses")
            .WithMetadata(new StreamsAttribute(typeof(ResponseEventObject)))
            .Accepts<ResponseBody>("application/json")
            .Produces<ResponseObject>()
            .ProducesErrors(400, 404, 405, 409, 413, 415, 429, 500, 503);
        app.MapGet("/v1/responses/{id}", (HttpContext context, string id, ResponsesEndpoint endpoint) => endpoint.GetAsync(context, id))
            .WithSummary("Read a stored response, or with stream=true its events after starting_after")
            .WithTags("Responses")
            .WithMetadata(new StreamsAttribute(typeof(ResponseEventObject)))
            .Produces<ResponseObject>()
            .ProducesErrors(400, 404, 500, 503);
        app.MapPost("/v1/responses/{id}/cancel", (HttpContext context, string id, ResponsesEndpoint endpoint) => endpoint.CancelAsync(context, id))
            .WithSummary("End a running response")
            .WithTags("Responses")
            .Produces<ResponseObject>()
            .ProducesErrors(400, 404, 500, 503);
        app.MapDelete("/v1/responses/{id}", (HttpContext context, string id, ResponsesEndpoint endpoint) => endpoint.DeleteAsync(context, id))
            .WithSummary("Forget a stored response")
            .WithTags("Responses")
            .Produces<ResponseDeleted>()
            .ProducesErrors(400, 404, 500, 503);
    }

    /// <summary>The page takes its script from this server and nothing from any other: closed networks have an explorer too.</summary>
    private static void MapExplorer(WebApplication app)
    {
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/explorer", StringComparison.Ordinal), branch => branch.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = ExplorerPolicy;
            return next(context);
        }));
        app.MapScalarApiReference("/explorer", options =>
        {
            options.Title = "XLLM.Orleans";
            options.DefaultFonts = false;
            options.Telemetry = false;
            options.DisableAgent();
            options.DisableMcp();
        });
        app.MapGet("/", () => TypedResults.Redirect("/explorer")).ExcludeFromDescription();
    }

    private static RouteHandlerBuilder ProducesErrors(this RouteHandlerBuilder builder, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            builder.Produces<ErrorEnvelope>(status);
        }

        return builder;
    }
}
