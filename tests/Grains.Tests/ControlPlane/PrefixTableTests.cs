namespace XLLM.Grains.Tests.ControlPlane;

/// <summary>Hundreds of seeds of prefix tables whose feeding is disturbed. A seed that fails is in the message and replays the same run.</summary>
public sealed class PrefixTableTests
{
    private const int Seeds = 300;

    [Fact]
    public void AfterAQuietWhile_EveryTable_HasWhatEverySourceHolds()
    {
        var (killed, faults, compared) = (0, 0, 0);
        for (var seed = 1; seed <= Seeds; seed++)
        {
            var prefixes = new SimulatedPrefixes(seed);
            var broken = prefixes.Run();
            Assert.True(broken.Count == 0, $"seed {seed}: {string.Join("; ", broken.Take(5))}");
            (killed, faults, compared) = (killed + prefixes.Killed, faults + prefixes.Faults, compared + prefixes.Compared);
        }

        // The disturbances were real, and there was something to compare.
        Assert.InRange(killed, Seeds, 8 * Seeds);
        Assert.InRange(faults, 20 * Seeds, 2000 * Seeds);
        Assert.InRange(compared, 100 * Seeds, 10_000 * Seeds);
        TestContext.Current.SendDiagnosticMessage($"{killed} silos were killed, {faults} calls were lost or late, {compared} prefixes compared");
    }
}
