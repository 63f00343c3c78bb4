using XLLM.Gateway.Metrics;
using XLLM.Testing;

namespace XLLM.Gateway.Tests.Metrics;

public sealed class MetricAliasTests
{
    /// <summary>The table names instruments of projects that the gateway may not reference; a renamed one would leave its alias empty.</summary>
    [Fact]
    public void EveryInstrumentOfTheTable_IsMadeSomewhere()
    {
        string[] sources =
        [
            .. new[] { "Gateway", "Grains", "Silo" }
                .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Paths.Repository, project), "*.cs", SearchOption.AllDirectories))
                .Where(file => file.Contains("Diagnostics", StringComparison.Ordinal) && !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
                .Select(File.ReadAllText),
        ];
        Assert.Empty(MetricAlias.Table.Keys.Where(name => !sources.Any(source => source.Contains($"\"{name}\"", StringComparison.Ordinal))));
    }
}
