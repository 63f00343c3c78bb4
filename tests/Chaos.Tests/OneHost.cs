using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using XLLM.Testing;

namespace XLLM.Chaos.Tests;

/// <summary>A real cluster of real processes with a real PostgreSQL, through <c>deploy/one-host.sh</c>.</summary>
internal sealed class OneHost : IAsyncDisposable
{
    private readonly string _state;

    private OneHost(string state) => _state = state;

    /// <summary>Why no cluster can be started here, or null.</summary>
    public static string? Missing => !OperatingSystem.IsLinux() ? "one-host.sh needs Linux"
        : Directory.Exists("/usr/lib/postgresql") ? null
        : "PostgreSQL's server is not installed: apt-get install postgresql";

    /// <summary>Starts a cluster and waits until every process is ready.</summary>
    public static async Task<OneHost> StartAsync(int silos, int gateways, params string[] arguments)
    {
        var cluster = new OneHost(Directory.CreateTempSubdirectory("xllm-chaos-").FullName);
        try
        {
            await cluster.RunAsync(["start", "--silos", $"{silos}", "--gateways", $"{gateways}", .. arguments]);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>What runs.</summary>
    public async Task<ClusterProcess[]> StatusAsync()
    {
        var status = JsonNode.Parse(await RunAsync(["status"]))!;
        return [.. status["processes"]!.AsArray().Select(process => process.Deserialize<ClusterProcess>(JsonSerializerOptions.Web)!)];
    }

    /// <summary>Sends a signal.</summary>
    public Task KillAsync(string name, string signal) => RunAsync(["kill", name, signal]);

    /// <summary>Starts a process that was killed, and waits until it is ready.</summary>
    public Task StartAsync(string name) => RunAsync(["start", name]);

    /// <summary>Stops or starts the database alone.</summary>
    public Task DatabaseAsync(string command) => RunAsync(["database", command]);

    /// <summary>The end of a process's log.</summary>
    public string Log(string name)
    {
        var path = Path.Combine(_state, "processes", name, "log");
        return File.Exists(path) ? string.Join('\n', File.ReadLines(path).TakeLast(60)) : "";
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await RunAsync(["wipe"]);

    private async Task<string> RunAsync(string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Paths.Repository, "deploy", "one-host.sh"), .. arguments[..1], .. Named(arguments), "--state", _state, .. Options(arguments)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["XLLM_SILO_DLL"] = Path.Combine(AppContext.BaseDirectory, "XLLM.Silo.dll") },
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? await output : throw new InvalidOperationException($"one-host.sh {string.Join(' ', arguments)}: {await error}");
    }

    private static IEnumerable<string> Named(string[] arguments) => arguments.Skip(1).TakeWhile(argument => !argument.StartsWith('-'));

    private static IEnumerable<string> Options(string[] arguments) => arguments.Skip(1).SkipWhile(argument => !argument.StartsWith('-'));
}

/// <summary>A process of the cluster.</summary>
/// <param name="Name">"silo-1", "gateway-1", "postgres".</param>
/// <param name="Role">engine, gateway, both or database.</param>
/// <param name="Running">It lives.</param>
/// <param name="Ready">It takes requests.</param>
/// <param name="Url">Its HTTP address.</param>
internal sealed record ClusterProcess(string Name, string Role, bool Running, bool Ready, string Url);
