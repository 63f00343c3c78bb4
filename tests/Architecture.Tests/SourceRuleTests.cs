using System.Text.RegularExpressions;
using XLLM.Testing;

namespace XLLM.Architecture.Tests;

/// <summary>Rules about the source text that no analyzer knows: sources of time and chance, blocking waits, namespaces, unfinished places.</summary>
public sealed partial class SourceRuleTests
{
    private static readonly string[] Banned =
        ["DateTime.Now", "DateTime.UtcNow", "DateTimeOffset.Now", "DateTimeOffset.UtcNow", "Random.Shared", "Environment.GetEnvironmentVariable", "Thread.Sleep"];

    public static TheoryData<string> BannedCalls => new(Banned);

    [Theory]
    [MemberData(nameof(BannedCalls))]
    public void TheProduct_DoesNotUse_OutsideHosting(string call)
    {
        var users = Sources().Where(source => !source.Path.Contains("/Hosting/", StringComparison.Ordinal) && source.Text.Contains(call, StringComparison.Ordinal));

        Assert.Empty(users.Select(source => source.Path));
    }

    [Fact]
    public void ANamespace_IsItsFolder()
    {
        var wrong =
            from source in Sources()
            let line = source.Text.Split('\n').FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal))
            where line is not null
            where !line.Contains("namespace Microsoft.Extensions.", StringComparison.Ordinal)      // extension methods on a host live where hosts look for them
            let expected = "XLLM." + Path.GetDirectoryName(source.Path)!.Replace('/', '.')
            let actual = line["namespace ".Length..].Trim().TrimEnd(';')
            where actual != expected
            select $"{source.Path} is in {actual}, not in {expected}";

        Assert.Empty(wrong);
    }

    /// <summary>Who filters or counts log lines does so by their number.</summary>
    [Fact]
    public void ALogLinesNumber_IsItsOwn()
    {
        var numbers =
            from source in Sources()
            from Match match in LogNumber().Matches(source.Text)
            group source.Path by match.Groups[1].Value into users
            where users.Count() > 1
            select $"{users.Key}: {string.Join(", ", users)}";

        Assert.Empty(numbers);
    }

    [Fact]
    public void NoPlace_IsUnfinished()
    {
        string[] marks = ["TODO", "FIXME", "NotImplementedException", "HACK"];
        var unfinished = Sources().Where(source => marks.Any(mark => source.Text.Contains(mark, StringComparison.Ordinal)));

        Assert.Empty(unfinished.Select(source => source.Path));
    }

    [GeneratedRegex(@"LoggerMessage\((\d+),")]
    private static partial Regex LogNumber();

    private static IEnumerable<(string Path, string Text)> Sources() =>
        from project in Repository.Projects
        from file in Directory.EnumerateFiles(Path.Combine(Paths.Repository, project), "*.cs", SearchOption.AllDirectories)
        let path = Path.GetRelativePath(Paths.Repository, file).Replace('\\', '/')
        where !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal)
        select (path, File.ReadAllText(file));
}
