using System.Text;
using XLLM.Silo.Engine;
using XLLM.Silo.Sequences;

namespace XLLM.Silo.Tests.Engine;

public sealed class OutputTextTests
{
    [Fact]
    public void Text_ComesInWholeCharacters()
    {
        var text = Create([], [0x41, 0xE2], [0x82], [0xAC, 0x42]);

        Assert.Equal(["A", "", "€B"], Feed(text, 0, 1, 2).Texts);
    }

    [Fact]
    public void Text_ThatMayBecomeAStopString_IsHeldBack_AndReleasedWhenItDoesNot()
    {
        var text = Create(["END"], "ab E"u8.ToArray(), "N"u8.ToArray(), "X"u8.ToArray(), "E"u8.ToArray());

        Assert.Equal(["ab ", "", "ENX", ""], Feed(text, 0, 1, 2, 3).Texts);
        text.Finish();
        Assert.Equal("E", text.Take().ToString());
    }

    [Theory]
    [InlineData(false, "ab ")]
    [InlineData(true, "ab END")]
    public void AStopString_AcrossTokens_EndsTheText(bool include, string expected)
    {
        var text = Create(["END"], include, "ab E"u8.ToArray(), "N"u8.ToArray(), "Dmore"u8.ToArray());

        var (texts, match) = Feed(text, 0, 1, 2);

        Assert.Equal("END", match);
        Assert.Equal(expected, string.Concat(texts));
    }

    [Fact]
    public void BeforeItMayEnd_AStopStringIsTextLikeAnyOther()
    {
        var text = Create(["END"], "END"u8.ToArray(), "EN"u8.ToArray(), "D"u8.ToArray());

        Assert.Null(text.Append(0, searches: false));
        Assert.Equal("END", text.Take().ToString());
        Assert.Null(text.Append(1, searches: true));
        Assert.Equal("END", text.Append(2, searches: true));
        Assert.Equal(string.Empty, text.Take().ToString());
    }

    [Fact]
    public void Finish_TurnsHalfACharacterIntoAReplacement()
    {
        var text = Create([], [0x41, 0xE2]);
        Feed(text, 0);
        text.Finish();

        Assert.Equal("\uFFFD", text.Take().ToString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Text_IsTheSame_HoweverItIsCutIntoTokens(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var whole = string.Concat(Enumerable.Range(0, random.Next(1, 60)).Select(_ => "ab€😀"[random.Next(2) == 0 ? random.Next(2) : 2])) + "a";
            var stops = Enumerable.Range(0, random.Next(1, 4)).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => "ab€"[random.Next(3)]))).ToArray();
            var ends = stops.Select(stop => (Stop: stop, At: whole.IndexOf(stop, StringComparison.Ordinal))).Where(found => found.At >= 0)
                .OrderBy(found => found.At + found.Stop.Length).ThenBy(found => found.At).ToArray();
            var expected = ends.Length == 0 ? whole : whole[..ends[0].At];

            var bytes = Encoding.UTF8.GetBytes(whole);
            var pieces = new List<byte[]>();
            for (var start = 0; start < bytes.Length; start += pieces[^1].Length)
            {
                pieces.Add(bytes[start..Math.Min(bytes.Length, start + random.Next(1, 6))]);
            }

            var text = Create(stops, [.. pieces]);
            var (texts, match) = Feed(text, [.. Enumerable.Range(0, pieces.Count)]);
            if (match is null)
            {
                text.Finish();
                texts.Add(text.Take().ToString());
            }

            Assert.Equal(expected, string.Concat(texts));
            Assert.Equal(ends.Length == 0 ? null : ends[0].Stop, match);
        }
    }

    private static OutputText Create(string[] stops, params byte[][] pieces) => Create(stops, include: false, pieces);

    private static OutputText Create(string[] stops, bool include, params byte[][] pieces) =>
        new(new PieceTokenizer(pieces), skipSpecialTokens: true, stops.Length == 0 ? null : new StopStrings(stops), include);

    private static (List<string> Texts, string? Match) Feed(OutputText text, params int[] tokens)
    {
        var texts = new List<string>();
        foreach (var token in tokens)
        {
            var match = text.Append(token, searches: true);
            texts.Add(text.Take().ToString());
            if (match is not null)
            {
                return (texts, match);
            }
        }

        return (texts, null);
    }
}
