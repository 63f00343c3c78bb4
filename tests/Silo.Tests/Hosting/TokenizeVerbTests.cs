using XLLM.Silo.Hosting;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Hosting;

public sealed class TokenizeVerbTests
{
    [Fact]
    public void Run_AnswersEachLine_AndGoesOnAfterABadOne()
    {
        var lines = Run("""
            {"text":"Hello!"}

            nonsense
            {"text": "", "add_special_tokens": true}
            {"ids":[867,0]}
            {"ids":[2835,867],"skip_special_tokens":true}
            {"ids":[867,2833,0]}
            {"text":"a","ids":[1]}
            {"text":1}
            {"ids":[99999]}
            {"text":"a","add_special_tokens":"yes"}
            []
            {"text":"\u65e5"}
            """);

        Assert.Equal("""{"ids":[867,0]}""", lines[0]);
        Assert.StartsWith("""{"error":""", lines[1]);
        Assert.Equal("""{"ids":[]}""", lines[2]);
        Assert.Equal("""{"text":"Hello!"}""", lines[3]);
        Assert.Equal("""{"text":"Hello"}""", lines[4]);
        Assert.Equal("""{"text":"Hello<|im_end|>!"}""", lines[5]);
        Assert.All(lines[6..11], line => Assert.StartsWith("""{"error":""", line));
        Assert.Contains("99999", lines[8]);
        Assert.StartsWith("""{"ids":[""", lines[11]);
        Assert.Equal(12, lines.Length);
    }

    [Theory]
    [InlineData("""{"text":"\ud800"}""")]
    [InlineData("""{"text":"\udc00"}""")]
    [InlineData("""{"text":"\ud800\n"}""")]
    [InlineData("""{"text":"\ud800\ud800\udc00"}""")]
    [InlineData("""{"text":"\\\uDFFF\u0000"}""")]
    public void Run_ReadsUnpairedSurrogates_AsReplacementCharacters(string line)
    {
        var expected = line.Replace(@"\ud800\ud800\udc00", @"\ufffd\ud800\udc00");
        if (expected == line)
        {
            expected = line.Replace(@"\ud800", @"\ufffd").Replace(@"\udc00", @"\ufffd").Replace(@"\uDFFF", @"\ufffd");
        }

        Assert.NotEqual(expected, line);
        Assert.Equal(Run(expected), Run(line));
        Assert.DoesNotContain("error", Run(line)[0]);
    }

    [Fact]
    public void Run_LeavesEscapesAlone_ThatOnlyLookLikeSurrogates()
    {
        // An escaped backslash, then plain text.
        Assert.Equal(Run("""{"text":"\u005cud800"}"""), Run("""{"text":"\\ud800"}"""));
        Assert.Equal(Run("""{"text":"😀"}"""), Run("""{"text":"\ud83d\ude00"}"""));
    }

    [Fact]
    public void Run_TakesOneByteOrderMark_AndWritesNoCarriageReturn()
    {
        using var output = new StringWriter();
        Assert.Equal(0, TokenizeVerb.Run(Paths.DemoModel, new StringReader("\uFEFF{\"text\":\"Hello\"}\r\n"), output, TextWriter.Null));
        Assert.Equal("{\"ids\":[867]}\n", output.ToString());
    }

    [Fact]
    public void Run_Fails_WhenTheFolderCannotBeLoaded()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        Assert.NotEqual(0, TokenizeVerb.Run(Path.Combine(Paths.DemoModel, "none"), new StringReader("{}"), output, error));
        Assert.Empty(output.ToString());
        Assert.Contains("does not exist", error.ToString());
    }

    private static string[] Run(string input)
    {
        using var output = new StringWriter();
        Assert.Equal(0, TokenizeVerb.Run(Paths.DemoModel, new StringReader(input), output, TextWriter.Null));
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
