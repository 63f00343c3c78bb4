using Microsoft.Extensions.Configuration;
using XLLM.Silo.Hosting;

namespace XLLM.Silo.Tests.Hosting;

public sealed class SiloOptionsTests
{
    [Fact]
    public void TheDefaults_HaveNoFault() => Assert.Empty(new SiloOptions().Faults());

    [Fact]
    public void EveryFault_IsListed_WithValueAndRange()
    {
        var options = new SiloOptions { Threads = -3, LoadFormat = "fast", SiloPort = 70000, GatewayPort = 0, Urls = "here", StatePath = " " };
        options.Engine.BlockTokens = 15;

        var faults = options.Faults().ToArray();

        Assert.Equal(7, faults.Length);
        Assert.Contains(faults, fault => fault.Contains("-3", StringComparison.Ordinal) && fault.Contains("0 to 1024", StringComparison.Ordinal));
        Assert.Contains(faults, fault => fault.Contains("15", StringComparison.Ordinal));
    }

    [Fact]
    public void TwoModelsOfOneName_AreRefused()
    {
        var options = new SiloOptions();
        options.Models.Add("/a/model");
        options.Models.Add("/b/model");

        Assert.Contains("NAME=PATH", Assert.Single(options.Faults()), StringComparison.Ordinal);
    }

    [Fact]
    public void CommandLine_AndEnvironment_SetTheSameOptions()
    {
        var (settings, _) = CommandLine.Parse(["--threads", "5", "--kv-cache-type", "bf16", "--model", "m=/x"]);
        var options = new SiloOptions();
        new ConfigurationBuilder().AddInMemoryCollection(settings).Build().GetSection(SiloOptions.Section).Bind(options);

        Assert.Equal(5, options.Threads);
        Assert.Equal(XLLM.Silo.KvCache.KvType.BF16, options.Engine.KvType);
        Assert.Equal(new ModelSource("m", "/x"), ModelSource.Parse(Assert.Single(options.Models)));
    }

    [Fact]
    public void AvailableMemory_IsReadFromWhatTheKernelSays() =>
        Assert.Equal(2048L << 10, AvailableMemory.FromMeminfo(["MemTotal:  9 kB", "MemAvailable:    2048 kB"]));
}
