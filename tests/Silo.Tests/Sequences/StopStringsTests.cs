using XLLM.Silo.Sequences;

namespace XLLM.Silo.Tests.Sequences;

public sealed class StopStringsTests
{
    [Fact]
    public void Match_IsTheLongestTextThatEndsThere()
    {
        var stops = new StopStrings(["b", "ab", "xab!"]);

        Assert.Equal("ab", Search(stops, "xab").Match);
        Assert.Equal("b", Search(stops, "xxb").Match);
    }

    [Fact]
    public void Depth_IsTheLongestEndThatMayBecomeAMatch()
    {
        var stops = new StopStrings(["abcd", "cx"]);

        Assert.Equal(3, stops.Depth(State(stops, "zzabc")));
        Assert.Equal(1, stops.Depth(State(stops, "abcz" + "a")));
        Assert.Equal(0, stops.Depth(State(stops, "abz")));
    }

    [Fact]
    public void AnEmptyText_IsRefused() => Assert.Throws<ArgumentException>(() => new StopStrings(["a", ""]));

    [Fact]
    public void AThousandTexts_AreFoundAcrossAnyCut()
    {
        var stops = new StopStrings(Enumerable.Range(0, 1000).Select(i => $"<stop number {i}>"));

        Assert.Equal(("<stop number 731>", 21), Search(stops, "1234<stop number 731>5678"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Search_AgreesWithLookingAtEveryPlace(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 400; round++)
        {
            var texts = Enumerable.Range(0, random.Next(1, 6)).Select(_ => Text(random, random.Next(1, 6))).ToArray();
            var stops = new StopStrings(texts);
            var text = Text(random, random.Next(0, 30));
            var expected = Enumerable.Range(1, text.Length)
                .Select(end => (Match: texts.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length), End: end))
                .FirstOrDefault(found => found.Match is not null);

            Assert.Equal(expected, Search(stops, text));

            var state = StopStrings.Start;
            for (var i = 0; i < text.Length && stops.Match(state) is null; i++)
            {
                state = stops.Next(state, text[i]);
                var longest = Enumerable.Range(0, i + 2).Max(
                    length => texts.Any(stop => stop.StartsWith(text[(i + 1 - length)..(i + 1)], StringComparison.Ordinal)) ? length : 0);
                Assert.Equal(longest, stops.Depth(state));
            }
        }
    }

    private static string Text(Random random, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(3))));

    private static int State(StopStrings stops, string text) => text.Aggregate(StopStrings.Start, stops.Next);

    private static (string? Match, int End) Search(StopStrings stops, string text)
    {
        var state = StopStrings.Start;
        for (var i = 0; i < text.Length; i++)
        {
            state = stops.Next(state, text[i]);
            if (stops.Match(state) is { } match)
            {
                return (match, i + 1);
            }
        }

        return (null, 0);
    }
}
