using XLLM.Testing;

namespace XLLM.Cluster.Tests.Processes;

/// <summary>Silos that speak TLS to each other, and let nobody else in.</summary>
public sealed class TlsTests
{
    [Fact]
    public async Task SilosWithTheClustersCertificate_AnswerForEachOther_AndOneWithAnotherCannotJoin()
    {
        var folder = Directory.CreateTempSubdirectory("xllm-tls-").FullName;
        var (own, foreign) = (new ClusterCertificate(folder, "cluster").Switches, new ClusterCertificate(folder, "foreign").Switches);
        string[] members = ["--cluster", "sqlite", "--threads", "1", "--kv-cache-memory", "64MiB", "--max-context", "512"];
        var state = Path.Combine(folder, "state");
        await using var engine = await SiloProcess.StartAsync([.. members, "--role", "engine", .. own], state);
        await using var gateway = await SiloProcess.StartAsync([.. members, "--role", "gateway", .. own], state);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };

        Assert.Contains("Tokyo", await Load.AskAsync(http, gateway.Address, "What is the capital of Japan?", "tls"), StringComparison.Ordinal);

        // It reads the members in the database, but none of them answers it: it never becomes one.
        var joined = SiloProcess.RunAsync(
        [
            .. members, "--role", "gateway", "--state", state, "--urls", $"http://127.0.0.1:{SiloProcess.FreePort()}", "--silo-port", $"{SiloProcess.FreePort()}", "--gateway-port", $"{SiloProcess.FreePort()}",
            "--Xllm:Cluster:JoinTimeout=00:00:05", .. foreign,
        ]);
        var (exitCode, _, error) = await joined;
        Assert.NotEqual(0, exitCode);
        Assert.NotEmpty(error);
        Assert.Contains("Tokyo", await Load.AskAsync(http, gateway.Address, "What is the capital of Japan?"), StringComparison.Ordinal);
    }
}
