using Microsoft.Extensions.Options;
using XLLM.Gateway.Tests.Hosting;

namespace XLLM.Gateway.Tests;

public sealed class GatewayOptionsTests
{
    [Fact]
    public void TheDefaults_AreInOrder() => Assert.Empty(new GatewayOptions().Faults());

    [Fact]
    public async Task BadOptions_StopTheStart_AllNamed()
    {
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => GatewayHost.StartAsync(null, ("MaxBodyBytes", "5"), ("PingInterval", "00:00:00")));
        Assert.Contains("Xllm:Gateway:MaxBodyBytes is 5: it must be 1024 to 268435456", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Xllm:Gateway:PingInterval is 00:00:00", fault.Message, StringComparison.Ordinal);
    }
}
