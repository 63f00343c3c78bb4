using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace XLLM.Testing;

/// <summary>A cluster of real processes and a real PostgreSQL on this machine: <c>deploy/one-host.sh</c>, with a state folder of its own. Disposing it ends and deletes all of it.</summary>
public sealed class OneHost : IAsyncDisposable
{
    private OneHost(string state) => State = state;

    /// <summary>Its state folder.</summary>
    public string State { get; }

    /// <summary>The connection string of its database.</summary>
    public string ConnectionString => File.ReadAllText(Path.Combine(State, "connection-string")).Trim();

    /// <summary>Why no cluster with PostgreSQL can be started here; null if one can.</summary>
    public static string? Missing
    {
        get
        {
            if (!OperatingSystem.IsLinux())
            {
                return "deploy/one-host.sh is for Linux";
            }

            string[] folders =
            [
                Environment.GetEnvironmentVariable("PGBIN") ?? "",
                .. Directory.Exists("/usr/lib/postgresql") ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")) : [],
                .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'),
            ];
            return folders.Any(folder => File.Exists(Path.Combine(folder, "initdb"))) ? null : "PostgreSQL's server programs are not installed: apt-get install postgresql";
        }
    }

    /// <summary>Starts silos and waits until all are ready.</summary>
    /// <param name="arguments">Of <c>one-host.sh start</c>.</param>
    public static async Task<OneHost> StartAsync(params string[] arguments)
    {
        var host = new OneHost(Directory.CreateTempSubdirectory("xllm-cluster-").FullName);
        try
        {
            await host.RunAsync("start", arguments);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts PostgreSQL alone.</summary>
    public static async Task<OneHost> StartDatabaseAsync()
    {
        var host = new OneHost(Directory.CreateTempSubdirectory("xllm-cluster-").FullName);
        await host.RunAsync("database");
        return host;
    }

    /// <summary>Its processes, running or not.</summary>
    public async Task<OneHostProcess[]> StatusAsync() =>
        [.. JsonNode.Parse(await RunAsync("status"))!["processes"]!.AsArray().Select(process => process.Deserialize<OneHostProcess>(JsonSerializerOptions.Web)!)];

    /// <summary>One process.</summary>
    public async Task<OneHostProcess> FindAsync(string name) => (await StatusAsync()).Single(process => process.Name == name);

    /// <summary>Whether a process lives; at once, where <see cref="StatusAsync"/> also asks it whether it is ready.</summary>
    public bool IsRunning(string name)
    {
        var pid = File.ReadAllText(Path.Combine(State, "processes", name, "pid")).Trim();
        return Directory.Exists($"/proc/{pid}") && File.ReadAllText($"/proc/{pid}/cmdline").Contains(State, StringComparison.Ordinal);
    }

    /// <summary>Sends a signal to a process: KILL, STOP, CONT, TERM.</summary>
    public Task SignalAsync(string name, string signal = "KILL") => RunAsync("kill", name, signal);

    /// <summary>Starts a process again, on its old ports, and waits until it is ready.</summary>
    public Task StartAgainAsync(string name) => RunAsync("start", name);

    /// <summary>Drains, stops and starts processes one at a time: the named ones, or all.</summary>
    public Task RestartAsync(params string[] names) => RunAsync("restart", names);

    /// <summary>Runs a command of the script.</summary>
    /// <returns>What it printed.</returns>
    /// <exception cref="InvalidOperationException">It failed; with what it printed.</exception>
    public async Task<string> RunAsync(string command, params string[] arguments)
    {
        var dashes = Array.IndexOf(arguments, "--");        // what follows belongs to the silos
        var (own, silos) = dashes < 0 ? (arguments, []) : (arguments[..dashes], arguments[dashes..]);
        var start = new ProcessStartInfo("bash", [Path.Combine(Paths.Repository, "deploy", "one-host.sh"), command, .. own, "--state", State, .. silos])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment["XLLM_SILO_DLL"] = Path.Combine(AppContext.BaseDirectory, "XLLM.Silo.dll");
        using var process = Process.Start(start) ?? throw new InvalidOperationException("bash did not start");
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        await process.WaitForExitAsync(limit.Token);
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"one-host.sh {command} {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{await output}\n{await error}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await RunAsync("wipe");
}

/// <summary>A process of a cluster on one host.</summary>
/// <param name="Name">silo-1, gateway-1, postgres, ...</param>
/// <param name="Role">engine, gateway, both or database.</param>
/// <param name="Pid">Process id; null before its first start.</param>
/// <param name="Running">Whether it lives.</param>
/// <param name="Ready">Whether it takes requests.</param>
/// <param name="Url">Where it listens.</param>
/// <param name="SiloPort">Its Orleans port for silos; null for the database.</param>
/// <param name="GatewayPort">Its Orleans port for clients; null for the database.</param>
/// <param name="Log">Its log file; null for the database.</param>
public sealed record OneHostProcess(string Name, string Role, int? Pid, bool Running, bool Ready, Uri Url, int? SiloPort, int? GatewayPort, string? Log);
