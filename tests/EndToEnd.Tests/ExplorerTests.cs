using System.Diagnostics;
using XLLM.Testing;

namespace XLLM.EndToEnd.Tests;

/// <summary>The API explorer in a real browser that can reach nothing but this machine.</summary>
public sealed class ExplorerTests(SiloFixture fixture)
{
    private static readonly string[] Browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    [Fact]
    public async Task TheExplorer_ShowsTheApi_WithoutAnyOutsideRequest()
    {
        var browser = Browsers.FirstOrDefault(File.Exists);
        Assert.SkipWhen(browser is null, "no Chromium or Chrome is installed");
        var profile = Directory.CreateTempSubdirectory("xllm-browser-").FullName;
        var netlog = Path.Combine(profile, "net.json");
        string[] arguments =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", $"--user-data-dir={profile}", $"--log-net-log={netlog}", "--virtual-time-budget=15000",
            "--dump-dom", new Uri(fixture.Silo.Address, "explorer").ToString(),
        ];
        using var process = Process.Start(new ProcessStartInfo(browser!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (dom, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        _ = await error;

        Assert.Contains("/chat/completions", await dom, StringComparison.Ordinal);
        // The browser itself calls home; what counts is what our page asks for.
        var own = fixture.Silo.Address.GetLeftPart(UriPartial.Authority);
        var hosts = System.Text.RegularExpressions.Regex.Matches(await File.ReadAllTextAsync(netlog, TestContext.Current.CancellationToken), "\"initiator\":\"([^\"]*)\"[^}]*?\"url\":\"(https?://[^/\"]+)")
            .Where(match => match.Groups[1].Value == own)
            .Select(match => match.Groups[2].Value)
            .Distinct()
            .ToArray();
        Assert.Contains(own, hosts);
        hosts = [.. hosts.Where(host => host != own)];
        Assert.Empty(hosts);
    }
}
