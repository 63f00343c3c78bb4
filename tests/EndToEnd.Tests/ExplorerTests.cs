using System.Diagnostics;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>The API explorer in a real browser that can reach nothing but this machine.</summary>
public sealed class ExplorerTests(SiloFixture fixture)
{
    private static readonly string[] Browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    [Fact]
    public async Task TheExplorer_ShowsTheApi_ToABrowserThatReachesNothingElse()
    {
        var browser = Browsers.FirstOrDefault(File.Exists);
        Assert.SkipWhen(browser is null, "no Chromium or Chrome is installed");
        var profile = Directory.CreateTempSubdirectory("xllm-browser-").FullName;
        string[] arguments =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", $"--user-data-dir={profile}", "--virtual-time-budget=15000",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--dump-dom", new Uri(fixture.Silo.Address, "explorer").ToString(),
        ];
        using var process = Process.Start(new ProcessStartInfo(browser!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (dom, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        _ = await error;

        Assert.Contains("/chat/completions", await dom, StringComparison.Ordinal);
    }
}
