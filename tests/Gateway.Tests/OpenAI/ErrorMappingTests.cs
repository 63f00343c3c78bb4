using System.Reflection;
using XLLM.Gateway.OpenAI;
using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Testing;

namespace XLLM.Gateway.Tests.OpenAI;

public sealed class ErrorMappingTests
{
    [Fact]
    public void EveryCodeOfThePlatform_IsInTheTable()
    {
        var codes = typeof(RequestErrors).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!);
        Assert.Empty(codes.Except(ErrorMapping.Table.Keys));
    }

    [Fact]
    public void EveryEnd_IsAnAnswerOrAnErrorOfTheTable()
    {
        var errors = Enum.GetValues<EndReason>().ToDictionary(reason => reason, reason => ErrorMapping.From(reason, "why")?.Status);
        Assert.Equal(
            new Dictionary<EndReason, int?>
            {
                [EndReason.Stop] = null, [EndReason.Length] = null, [EndReason.Cancelled] = 503, [EndReason.Overloaded] = 429,
                [EndReason.TooLong] = 400, [EndReason.Unavailable] = 503, [EndReason.Failed] = 500,
            },
            errors);
    }

    [Fact]
    public void AnUnknownException_TellsNothing()
    {
        var error = ErrorMapping.From(new InvalidOperationException("secret"));
        Assert.Equal((500, "internal_error"), (error.Status, error.Code));
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheTable_IsTheOneInTheArchitectureDocument()
    {
        var documented = File.ReadAllLines(Path.Combine(Paths.Repository, "Gateway", "ARCHITECTURE.md"))
            .SkipWhile(line => !line.StartsWith("| Code | Status |", StringComparison.Ordinal))
            .Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Select(cells => (cells[1].Trim('`'), cells[2], cells[3].Trim('`')));
        Assert.Equal(ErrorMapping.Table.Select(entry => (entry.Key, $"{entry.Value.Status}", entry.Value.Type)).Order(), documented.Order());
    }
}
