using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Options;
using XLLM.Gateway.Admin.Wire;
using XLLM.Gateway.Explorer;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.Streaming;
using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Gateway.Admin;

/// <summary>The administration routes: silos, models, replicas, caches, audit.</summary>
internal sealed class AdminEndpoints(IAdministration administration, AdminAudit audit, IOptions<GatewayOptions> options, TimeProvider clock)
{
    private const int MostAuditEntries = 1000;
    private const string EventStream = "text/event-stream";

    /// <summary>Maps the routes. They answer administrators, and have a document of their own.</summary>
    public static void Map(WebApplication app)
    {
        var admin = app.MapGroup(AdminMiddleware.Prefix).ProducesProblem(401).ProducesProblem(403).ProducesProblem(500).ProducesProblem(503);
        MapSilos(admin);
        MapModels(admin);
        admin.MapGet("/cache", (HttpContext context, AdminEndpoints endpoints) => endpoints.CachesAsync(context))
            .WithSummary("List the cache tiers of all silos: contents, hit rates")
            .WithTags("Cache")
            .Produces<CacheList>();
        admin.MapDelete("/cache/{tier}", (HttpContext context, string tier, AdminEndpoints endpoints) => endpoints.ClearAsync(context, Decode(tier)))
            .WithSummary("Empty a cache tier")
            .WithTags("Cache")
            .WithMetadata(new QueryParameterAttribute("model", "Only what belongs to this model."), new QueryParameterAttribute("silo", "Only on this silo."))
            .Produces<CacheCleared>()
            .ProducesProblem(404);
        admin.MapGet("/audit", (HttpContext context, AdminEndpoints endpoints) => endpoints.AuditAsync(context))
            .WithSummary("List who did what, newest first")
            .WithTags("Audit")
            .WithMetadata(new QueryParameterAttribute("limit", "Most entries, 1 to 1000. Default 100.", isNumber: true))
            .Produces<AuditList>()
            .ProducesProblem(400);
    }

    private static void MapSilos(RouteGroupBuilder admin)
    {
        admin.MapGet("/silos", (HttpContext context, AdminEndpoints endpoints) => endpoints.SilosAsync(context))
            .WithSummary("List the silos: role, state, process, replicas, conversations")
            .WithTags("Silos")
            .Produces<SiloList>();
        admin.MapPost("/silos/{silo}/drain", (HttpContext context, string silo, AdminEndpoints endpoints) => endpoints.DrainAsync(context, Decode(silo)))
            .WithSummary("Empty a silo; answers when it is empty")
            .WithTags("Silos")
            .Produces<SiloObject>()
            .ProducesProblem(404);
        admin.MapPost("/silos/{silo}/undrain", (HttpContext context, string silo, AdminEndpoints endpoints) => endpoints.UndrainAsync(context, Decode(silo)))
            .WithSummary("Let a silo take requests again")
            .WithTags("Silos")
            .Produces<SiloObject>()
            .ProducesProblem(404);
    }

    private static void MapModels(RouteGroupBuilder admin)
    {
        admin.MapGet("/models", (HttpContext context, AdminEndpoints endpoints) => endpoints.ModelsAsync(context))
            .WithSummary("List the models: what is wanted, and what is")
            .WithTags("Models")
            .Produces<ModelStateList>();
        admin.MapGet("/replicas", (HttpContext context, AdminEndpoints endpoints) => endpoints.ReplicasAsync(context))
            .WithSummary("List the replicas of all models")
            .WithTags("Models")
            .Produces<ReplicaList>();
        admin.MapPost("/models/{model}/load", (HttpContext context, string model, AdminEndpoints endpoints) => endpoints.LoadAsync(context, Decode(model)))
            .WithSummary("Want replicas of a model; answers when they serve")
            .WithTags("Models")
            .WithMetadata(new StreamsAttribute(typeof(LoadEventObject)))
            .Accepts<LoadBody>(isOptional: true, "application/json")
            .Produces<ModelState>()
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(413).ProducesProblem(415);
        admin.MapPost("/models/{model}/unload", (HttpContext context, string model, AdminEndpoints endpoints) => endpoints.UnloadAsync(context, Decode(model)))
            .WithSummary("Want no replica of a model; answers when none is left")
            .WithTags("Models")
            .WithMetadata(new StreamsAttribute(typeof(LoadEventObject)))
            .Accepts<LoadBody>(isOptional: true, "application/json")
            .Produces<ModelState>()
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(413).ProducesProblem(415);
        admin.MapDelete("/models/{model}", (HttpContext context, string model, AdminEndpoints endpoints) => endpoints.ForgetAsync(context, Decode(model)))
            .WithSummary("Leave a model to the silos' configuration again")
            .WithTags("Models")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(404);
    }

    private async Task SilosAsync(HttpContext context) =>
        await WriteAsync(context, new SiloList { Silos = [.. (await administration.ListSilosAsync()).Select(SiloObject.From)] }, AdminJsonContext.Default.SiloList);

    private async Task DrainAsync(HttpContext context, string silo)
    {
        var report = await audit.RunAsync(context, "silo.drain", silo, () => administration.DrainAsync(silo), report => report.State.ToString());
        await WriteAsync(context, SiloObject.From(report), AdminJsonContext.Default.SiloObject);
    }

    private async Task UndrainAsync(HttpContext context, string silo)
    {
        var report = await audit.RunAsync(context, "silo.undrain", silo, () => administration.UndrainAsync(silo), report => report.State.ToString());
        await WriteAsync(context, SiloObject.From(report), AdminJsonContext.Default.SiloObject);
    }

    private async Task ModelsAsync(HttpContext context) =>
        await WriteAsync(context, new ModelStateList { Models = [.. (await administration.ListModelsAsync()).Select(ModelState.From)] }, AdminJsonContext.Default.ModelStateList);

    private async Task ReplicasAsync(HttpContext context)
    {
        var silos = await administration.ListSilosAsync();
        await WriteAsync(
            context,
            new ReplicaList { Replicas = [.. from silo in silos from replica in silo.Replicas select ReplicaObject.From(silo.Name, silo.Silo, replica)] },
            AdminJsonContext.Default.ReplicaList);
    }

    private async Task LoadAsync(HttpContext context, string model)
    {
        var body = await LoadBody.ReadAsync(context.Request, options.Value.MaxBodyBytes, context.RequestAborted);
        var wanted = body.Replicas ?? Math.Max(1, (await administration.ListModelsAsync()).FirstOrDefault(known => known.Model == model)?.WantedReplicas ?? 1);
        await SetAsync(context, "model.load", new DeploymentSpec(new ModelPlace(model, body.Path), wanted), body.Stream);
    }

    private async Task UnloadAsync(HttpContext context, string model)
    {
        var body = await LoadBody.ReadAsync(context.Request, options.Value.MaxBodyBytes, context.RequestAborted);
        await SetAsync(context, "model.unload", new DeploymentSpec(new ModelPlace(model), 0), body.Stream);
    }

    /// <summary>Says what is wanted, then tells how it goes: as events, or, at the end, as one answer.</summary>
    private async Task SetAsync(HttpContext context, string what, DeploymentSpec spec, bool stream)
    {
        var model = spec.Model.Name;
        var target = spec.Model.Path is { } path ? $"{model} ({path})" : model;
        await audit.RunAsync(context, what, target, () => administration.SetDeploymentAsync(spec), _ => string.Create(CultureInfo.InvariantCulture, $"{spec.Replicas} replicas are wanted"));
        var events = administration.WatchDeploymentAsync(model, context.RequestAborted);
        if (stream || context.Request.GetTypedHeaders().Accept.Any(type => type.MediaType == EventStream))
        {
            await StreamAsync(context, model, events);
            return;
        }

        await foreach (var _ in events.WithCancellation(context.RequestAborted))
        {
            // Only its end matters here.
        }

        var state = await StateAsync(model);
        if (Unmet(state, spec) is { } fault)
        {
            await Problem.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, ErrorMapping.NotLoaded, fault);
            return;
        }

        await WriteAsync(context, state, AdminJsonContext.Default.ModelState);
    }

    private async Task StreamAsync(HttpContext context, string model, IAsyncEnumerable<ModelLoadEvent> events)
    {
        using var writer = new ServerSentEvents(context, options.Value.WriteTimeout, clock);
        writer.Ping();                              // the headers go out at once: loading may take minutes before its first event
        await writer.FlushAsync(context.RequestAborted);
        await foreach (var next in events.WithCancellation(context.RequestAborted))
        {
            writer.Data(LoadEventObject.From(next), AdminJsonContext.Default.LoadEventObject);
            await writer.FlushAsync(context.RequestAborted);
        }

        writer.Data(await StateAsync(model), AdminJsonContext.Default.ModelState);
        writer.Done();
        await writer.FlushAsync(context.RequestAborted);
    }

    private async Task ForgetAsync(HttpContext context, string model)
    {
        var removed = await audit.RunAsync(
            context, "model.forget", model, () => administration.RemoveDeploymentAsync(model), removed => removed ? "nothing is wanted of it any more" : "nothing was wanted of it");
        if (!removed)
        {
            await Problem.WriteAsync(context, StatusCodes.Status404NotFound, ErrorMapping.NotFound, $"Nothing was wanted of a model '{model}'.");
            return;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task CachesAsync(HttpContext context) => await WriteAsync(
        context,
        new CacheList { Tiers = [.. (await administration.ListCacheTiersAsync()).SelectMany(one => one.Tiers.Select(tier => CacheTierObject.From(one.Silo.Name, tier)))] },
        AdminJsonContext.Default.CacheList);

    private async Task ClearAsync(HttpContext context, string tier)
    {
        var (model, silo) = (Query(context, "model"), Query(context, "silo"));
        var bytes = await audit.RunAsync(
            context, "cache.clear", $"{tier} of {model ?? "all models"} on {silo ?? "all silos"}", () => administration.ClearCacheAsync(tier, model, silo),
            bytes => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"));
        await WriteAsync(context, new CacheCleared { Tier = tier, Bytes = bytes }, AdminJsonContext.Default.CacheCleared);
    }

    private async Task AuditAsync(HttpContext context)
    {
        var most = 100;
        if (Query(context, "limit") is { } limit && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most is < 1 or > MostAuditEntries))
        {
            await Problem.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_value", $"limit is '{limit}': it must be 1 to {MostAuditEntries}.");
            return;
        }

        await WriteAsync(context, new AuditList { Entries = [.. (await administration.ListAuditAsync(most)).Select(AuditObject.From)] }, AdminJsonContext.Default.AuditList);
    }

    private async Task<ModelState> StateAsync(string model) => ModelState.From(
        (await administration.ListModelsAsync()).FirstOrDefault(known => known.Model == model) ?? new DeploymentReport { Model = model });

    /// <summary>Why a model is not as it is wanted; null if it is.</summary>
    private static string? Unmet(ModelState state, DeploymentSpec spec)
    {
        var ready = state.Replicas.Count(replica => replica.State == "ready");
        return ready == spec.Replicas || (spec.Replicas > 0 && state.Asleep)
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{ready} of {spec.Replicas} replicas are ready: {state.LastFailure ?? "the cluster goes on trying"}.");
    }

    private static string? Query(HttpContext context, string name) => context.Request.Query[name].ToString() is { Length: > 0 } value ? value : null;

    /// <summary>Names of models may have slashes, which arrive escaped so that they stay one segment.</summary>
    private static string Decode(string segment) => Uri.UnescapeDataString(segment);

    private static async Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value, type), context.RequestAborted);
    }
}
