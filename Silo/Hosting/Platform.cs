using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Dashboard;
using XLLM.Grains.Administration;
using XLLM.Grains.Catalog;
using XLLM.Grains.Hosting;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Ports;
using XLLM.Grains.Prefixes;
using XLLM.Grains.Routing;
using XLLM.Grains.Scaling;
using XLLM.Grains.Storage;
using XLLM.Silo.Hosting.Cluster;

namespace XLLM.Silo.Hosting;

/// <summary>One process as a whole platform: options, silo, storage, models, and the pages that an operator looks at.</summary>
internal static class Platform
{
    /// <summary>Reads and checks the options and prepares the host. Loads nothing yet.</summary>
    /// <exception cref="StartException">The options are faulty, or a port is taken.</exception>
    public static WebApplicationBuilder CreateBuilder(string[] arguments)
    {
        var (builder, options) = Read(arguments);
        PortCheck.Run(options);

        // Before the database: its folder is this one, and a second process is told so and not about locks.
        var stateFolder = StateFolder.Open(options.StatePath, shared: options.Cluster.Store == ClusterSettings.Sqlite);
        ClusterStore.Apply(options, options.Cluster.ApplySchema);
        builder.Services.AddSingleton(stateFolder);
        builder.WebHost.UseUrls([.. options.Urls.Split(';'), .. AdminUrls(builder.Configuration)]);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<KvTierFactory>();
        builder.Services.AddSingleton<HostedModelLoader>();
        builder.Services.AddSingleton(LoadModels);
        builder.Services.AddSingleton<IModelHost>(services => services.GetRequiredService<ModelHost>());
        builder.Services.AddSingleton<IModelLoader, ModelLoading>();
        builder.Services.Configure<DrainOptions>(builder.Configuration.GetSection(DrainOptions.SectionName));
        builder.Services.Configure<LifecycleOptions>(builder.Configuration.GetSection(LifecycleOptions.SectionName));
        builder.Services.AddHostedService<EngineLifecycle>();
        builder.Services.Configure<RoutingOptions>(builder.Configuration.GetSection(RoutingOptions.SectionName));
        builder.Services.Configure<StorageOptions>(builder.Configuration.GetSection(StorageOptions.SectionName));
        builder.Services.Configure<CatalogOptions>(builder.Configuration.GetSection(CatalogOptions.SectionName));
        builder.Services.Configure<PrefixOptions>(builder.Configuration.GetSection(PrefixOptions.SectionName));
        builder.Services.Configure<InferenceClientOptions>(builder.Configuration.GetSection("Xllm:Client"));
        builder.Services.AddHealthChecks().AddCheck<EngineHealthCheck>("engine").AddCheck<SiloHealthCheck>("silo").AddCheck<StorageHealthCheck>("storage");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Engine.DrainTimeout + TimeSpan.FromSeconds(10));
        builder.UseOrleans(silo => Configure(silo, options));
        return builder;
    }

    /// <summary>The options that arguments, environment and files give, checked.</summary>
    /// <exception cref="StartException">They are faulty.</exception>
    public static SiloOptions ReadOptions(string[] arguments) => Read(arguments).Options;

    /// <summary>Loads the models; the first to fail ends the start.</summary>
    /// <exception cref="StartException">A model cannot be served.</exception>
    public static void LoadModels(WebApplication app) => app.Services.GetRequiredService<ModelHost>();

    /// <summary>Whether this silo answers users, or only its operators.</summary>
    public static bool ServesUsers(WebApplication app) => app.Services.GetRequiredService<SiloOptions>().Cluster.ServesUsers;

    /// <summary>Maps health and dashboard.</summary>
    /// <param name="app">The built host.</param>
    /// <param name="writeHealth">Writes a health report as the gateway does.</param>
    public static void Map(WebApplication app, Func<HttpContext, HealthReport, Task> writeHealth)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = writeHealth });
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = writeHealth });
        app.MapOrleansDashboard("/dashboard");
    }

    /// <summary>Serves until asked to stop.</summary>
    public static async Task RunAsync(WebApplication app)
    {
        app.Lifetime.ApplicationStarted.Register(() => Console.Out.WriteLine(
            Banner.Text(app.Services.GetRequiredService<SiloOptions>(), app.Services.GetRequiredService<ModelHost>().Models.Select(model => model.Descriptor))));
        app.Lifetime.ApplicationStopping.Register(() => Console.Out.WriteLine("stopping: running generations finish, new ones are refused"));
        try
        {
            await app.RunAsync();
        }
        finally
        {
            await app.DisposeAsync();
        }
    }

    /// <summary>The gateway's own option says where administrators are answered; the port belongs to the process.</summary>
    private static string[] AdminUrls(ConfigurationManager configuration) => configuration["Xllm:Gateway:AdminUrl"] is { Length: > 0 } url ? [url] : [];

    private static void Configure(ISiloBuilder silo, SiloOptions options)
    {
        silo.JoinXllmCluster(options);
        silo.AddXllmGrains(options.Cluster.Role);
        silo.AddDashboard(dashboard => dashboard.HideTrace = true);
        silo.AddActivityPropagation();

        // The engine's threads load the processors on purpose; a silo that chose by that would place nothing here.
        silo.Configure<ResourceOptimizedPlacementOptions>(placement => placement.CpuUsageWeight = 0);
    }

    private static ModelHost LoadModels(IServiceProvider services)
    {
        var options = services.GetRequiredService<SiloOptions>();
        if (!options.Cluster.HostsModels || services.GetRequiredService<IOptions<LifecycleOptions>>().Value.LoadOnFirstUse)
        {
            return new([]);
        }

        var loader = services.GetRequiredService<HostedModelLoader>();
        return new([.. ModelSource.Configured(options).Select(source => loader.Load(source, Console.Out, isTerminal: !Console.IsOutputRedirected))]);
    }

    private static (WebApplicationBuilder Builder, SiloOptions Options) Read(string[] arguments)
    {
        var (settings, faults) = CommandLine.Parse(arguments);
        Refuse(faults);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(settings);
        var options = Bind(builder.Configuration);
        Refuse([.. options.Faults()]);
        return (builder, options);
    }

    private static SiloOptions Bind(ConfigurationManager configuration)
    {
        try
        {
            var options = new SiloOptions();
            configuration.GetSection(SiloOptions.Section).Bind(options);
            return options;
        }
        catch (InvalidOperationException e)
        {
            throw new StartException($"{e.Message.TrimEnd('.')}{(e.InnerException is { } inner ? $": {inner.Message}" : "")}", e);
        }
    }

    private static void Refuse(List<string> faults)
    {
        if (faults.Count > 0)
        {
            throw new StartException($"{string.Join("; ", faults)}. See --help");
        }
    }
}
