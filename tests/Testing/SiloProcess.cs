using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace XLLM.Testing;

/// <summary>The real program in a process of its own, on ports of its own, with a state folder of its own.</summary>
public sealed class SiloProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output;

    private SiloProcess(Process process, ConcurrentQueue<string> output, Uri address, string statePath, int gatewayPort)
    {
        (_process, _output, Address, StatePath, GatewayPort) = (process, output, address, statePath, gatewayPort);
        Http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(120) };
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Its state folder.</summary>
    public string StatePath { get; }

    /// <summary>Its Orleans port for clients.</summary>
    public int GatewayPort { get; }

    /// <summary>A client whose base address is <see cref="Address"/>.</summary>
    public HttpClient Http { get; }

    /// <summary>What it printed so far.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Starts the silo and waits until it is ready.</summary>
    /// <param name="arguments">Further arguments.</param>
    /// <param name="statePath">State folder to use again; null: a fresh one.</param>
    public static async Task<SiloProcess> StartAsync(string[]? arguments = null, string? statePath = null)
    {
        statePath ??= Directory.CreateTempSubdirectory("xllm-test-").FullName;
        var (http, silo, gateway) = (FreePort(), FreePort(), FreePort());
        var (process, output) = Launch(
            ["--urls", $"http://127.0.0.1:{http}", "--state", statePath, "--silo-port", $"{silo}", "--gateway-port", $"{gateway}", .. arguments ?? []]);
        var started = new SiloProcess(process, output, new Uri($"http://127.0.0.1:{http}"), statePath, gateway);
        await started.WaitUntilReadyAsync();
        return started;
    }

    /// <summary>Runs the program to its end.</summary>
    /// <param name="arguments">All of its arguments.</param>
    /// <param name="input">Standard input, or null for none.</param>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] arguments, string? input = null)
    {
        using var process = Process.Start(StartInfo(arguments)) ?? throw new InvalidOperationException("the silo did not start");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"the silo did not end: {string.Join(' ', arguments)}");
        }

        return (process.ExitCode, await output, await error);
    }

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Ctrl-C.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> InterruptAsync()
    {
        using var kill = Process.Start("kill", ["-INT", $"{_process.Id}"]);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    /// <summary>A TCP port that is free now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static (Process Process, ConcurrentQueue<string> Output) Launch(string[] arguments)
    {
        var process = new Process { StartInfo = StartInfo(arguments) };
        var output = new ConcurrentQueue<string>();
        process.OutputDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => output.Enqueue(line.Data ?? "");
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        return (process, output);
    }

    private static ProcessStartInfo StartInfo(string[] arguments)
    {
        var silo = Path.Combine(AppContext.BaseDirectory, "XLLM.Silo.dll");
        return new("dotnet", [silo, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
    }

    private async Task WaitUntilReadyAsync()
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(90))
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"the silo ended with code {_process.ExitCode} before it was ready:\n{Output}");
            }

            try
            {
                using var response = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
                if (response.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(50);
        }

        throw new TimeoutException($"the silo was not ready after {clock.Elapsed.TotalSeconds:F0} s:\n{Output}");
    }
}
