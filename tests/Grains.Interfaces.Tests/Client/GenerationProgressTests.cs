using CsCheck;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Generation;

namespace XLLM.Grains.Interfaces.Tests.Client;

public sealed class GenerationProgressTests
{
    [Fact]
    public void Accept_PassesAFreshEvent_AsItIs()
    {
        var progress = new GenerationProgress();
        var tokens = Event(0, [1, 2], 0, "ab");

        Assert.Same(tokens, progress.Accept(tokens));
        Assert.Null(progress.Accept(tokens));
        Assert.Equal((2, 2), (progress.Tokens, progress.TextLength));
    }

    [Fact]
    public void Accept_CutsOffWhatIsKnown_TokensAndTextEachByItsOwnPlace()
    {
        var progress = new GenerationProgress();
        progress.Accept(Event(0, [1, 2, 3], 0, "a"));           // the text of two tokens is held back

        var fresh = progress.Accept(Event(2, [3, 4], 0, "abcd") with { Logprobs = [Logprob(3), Logprob(4)] })!;

        Assert.Equal((3, 1, "bcd"), (fresh.Position, fresh.TextPosition, fresh.Text));
        Assert.Equal([4], fresh.TokenIds);
        Assert.Equal([4], fresh.Logprobs!.Select(logprob => logprob.TokenId));
    }

    [Fact]
    public void Accept_KeepsTheTextOfEachToken_WhenItCutsOffWhatIsKnown()
    {
        var progress = new GenerationProgress();
        progress.Accept(Event(0, [1, 2], 0, "a"));              // token 2 released nothing yet

        // Told again from token 1 on: tokens 2, 3 and 4 with "b", "cd" and "e".
        var fresh = progress.Accept(Event(1, [2, 3, 4], 0, "abcde") with { TextLengths = [2, 2, 1] })!;

        Assert.Equal([3, 4], fresh.TokenIds);
        Assert.Equal("bcde", fresh.Text);
        Assert.Equal([3, 1], fresh.TextLengths);                // the late text of token 2 goes to token 3
        Assert.Equal(["bcd", "e"], TokenPieces.Of(fresh).Cast<TokensGenerated>().Select(piece => piece.Text));
    }

    [Fact]
    public void Pieces_AreTheSame_HoweverTheEventsMerged()
    {
        var merged = Event(4, [1, 2, 3], 10, "abc!") with { TextLengths = [1, 0, 2], Logprobs = [Logprob(1), Logprob(2)] };

        var pieces = TokenPieces.Of(merged).Cast<TokensGenerated>().ToArray();

        Assert.Equal([(4, 10, "a"), (5, 11, ""), (6, 11, "bc!")], pieces.Select(piece => (piece.Position, piece.TextPosition, piece.Text)));
        Assert.Equal([1, 1, 0], pieces.Select(piece => piece.Logprobs!.Length));
        var unsaid = merged with { TextLengths = [] };
        Assert.Same(unsaid, Assert.Single(TokenPieces.Of(unsaid)));
    }

    [Fact]
    public void Accept_RefusesAGap_AndNamesBothNumbers()
    {
        var progress = new GenerationProgress();
        progress.Accept(Event(0, [1], 0, "a"));

        var exception = Assert.Throws<GenerationGapException>(() => progress.Accept(Event(3, [4], 1, "d")));
        Assert.Equal("a replica went on at token 3 and text unit 1, but only 1 tokens and 1 text units came before", exception.Message);
        Assert.Throws<GenerationGapException>(() => progress.Accept(Event(1, [2], 2, "c")));
    }

    /// <summary>A generation is told by several replicas in turn; each goes on after the reader's tokens, tells some text again, and is cut off anywhere.</summary>
    [Fact]
    public void EveryTokenAndCharacter_IsToldOnce_HoweverOftenTheReplicaChanges() =>
        Gen.Int[1, 60].Select(Gen.Int[0, int.MaxValue]).Sample((length, seed) =>
        {
            var random = new Random(seed);
            int[] tokens = [.. Enumerable.Range(0, length).Select(_ => random.Next(100))];
            string[] texts = [.. tokens.Select(token => new string((char)('a' + (token % 26)), token % 4))];
            string TextOf(int count) => string.Concat(texts.Take(count));

            var progress = new GenerationProgress();
            var (gotTokens, gotText) = (new List<int>(), "");
            while (gotTokens.Count < length || gotText.Length < TextOf(length).Length)
            {
                var position = progress.Tokens;
                var textPosition = random.Next(progress.TextLength + 1);
                for (var events = random.Next(1, 8); events > 0; events--)
                {
                    var count = Math.Min(random.Next(4), length - position);
                    var safe = position + count == length ? TextOf(length).Length : random.Next(textPosition, Math.Max(textPosition, TextOf(position + count).Length) + 1);
                    var next = Event(position, tokens[position..(position + count)], textPosition, TextOf(length)[textPosition..safe]);
                    (position, textPosition) = (position + count, safe);

                    if (progress.Accept(next) is { } fresh)
                    {
                        Assert.Equal((gotTokens.Count, gotText.Length), (fresh.Position, fresh.TextPosition));
                        gotTokens.AddRange(fresh.TokenIds);
                        gotText += fresh.Text;
                    }
                }
            }

            Assert.Equal(tokens, gotTokens);
            Assert.Equal(tokens, progress.ToArray());
            Assert.Equal(TextOf(length), gotText);
        });

    private static TokensGenerated Event(int position, int[] tokens, int textPosition, string text) =>
        new() { Position = position, TokenIds = tokens, TextPosition = textPosition, Text = text };

    private static TokenLogprob Logprob(int token) => new() { TokenId = token, Text = "", Bytes = [], Logprob = 0 };
}
