using System.Text;
using XLLM.Silo.Tokenization.Unicode;

namespace XLLM.Silo.Tests.Tokenization;

/// <summary>Examples are from the Unicode Standard's own explanations (UAX #15) and its conformance rules.</summary>
public sealed class UnicodeNormalizationTests
{
    private static readonly NormalizationForm[] Forms = [NormalizationForm.FormC, NormalizationForm.FormD, NormalizationForm.FormKC, NormalizationForm.FormKD];

    [Theory]
    [InlineData("\u00C5", "\u00C5", "A\u030A", "\u00C5", "A\u030A")]
    [InlineData("\u212B", "\u00C5", "A\u030A", "\u00C5", "A\u030A")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u017F\u0323\u0307", "\u1E69", "s\u0323\u0307")]
    [InlineData("\u1E0B\u0323", "\u1E0D\u0307", "d\u0323\u0307", "\u1E0D\u0307", "d\u0323\u0307")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307", "q\u0323\u0307", "q\u0323\u0307", "q\u0323\u0307")]
    [InlineData("\uFB01", "\uFB01", "\uFB01", "fi", "fi")]
    [InlineData("2\u2075", "2\u2075", "2\u2075", "25", "25")]
    [InlineData("\uAC01", "\uAC01", "\u1100\u1161\u11A8", "\uAC01", "\u1100\u1161\u11A8")]
    [InlineData("\u0344", "\u0308\u0301", "\u0308\u0301", "\u0308\u0301", "\u0308\u0301")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C", "\u0915\u093C")]
    [InlineData("\uF900", "\u8C48", "\u8C48", "\u8C48", "\u8C48")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [InlineData("a\u0301\u0315\u0300\u05AE\u0062", "\u00E1\u05AE\u0300\u0315b", "a\u05AE\u0301\u0300\u0315b", "\u00E1\u05AE\u0300\u0315b", "a\u05AE\u0301\u0300\u0315b")]
    [InlineData("\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E")]
    public void Normalize_GivesTheStandardsForms(string text, string c, string d, string kc, string kd)
    {
        Assert.Equal([c, d, kc, kd], Forms.Select(form => UnicodeNormalization.Normalize(text, form) ?? text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("plain ASCII\0")]
    [InlineData("déjà vu, 日本語, 가나다, 😀")]
    public void Normalize_GivesNull_WhenNothingChanges(string text) => Assert.Null(UnicodeNormalization.Normalize(text, NormalizationForm.FormC));

    [Fact]
    public void Normalize_HasTheStandardsProperties_OnRandomTexts()
    {
        var random = new Random(5);
        for (var round = 0; round < 3000; round++)
        {
            var text = RandomText(random);
            var (c, d) = (Apply(text, NormalizationForm.FormC), Apply(text, NormalizationForm.FormD));
            var (kc, kd) = (Apply(text, NormalizationForm.FormKC), Apply(text, NormalizationForm.FormKD));

            // UAX #15, the conformance test's equations.
            Assert.Equal((c, c), (Apply(c, NormalizationForm.FormC), Apply(d, NormalizationForm.FormC)));
            Assert.Equal((d, d), (Apply(c, NormalizationForm.FormD), Apply(d, NormalizationForm.FormD)));
            Assert.All([c, d, kc, kd], form => Assert.Equal(kc, Apply(form, NormalizationForm.FormKC)));
            Assert.All([c, d, kc, kd], form => Assert.Equal(kd, Apply(form, NormalizationForm.FormKD)));

            // A stretch behind a character that combines with nothing can be normalized by itself.
            Assert.Equal(c + "|" + Apply("|" + text, NormalizationForm.FormC)[1..], Apply(text + "|" + text, NormalizationForm.FormC));
        }
    }

    private static string Apply(string text, NormalizationForm form) => UnicodeNormalization.Normalize(text, form) ?? text;

    private static string RandomText(Random random)
    {
        string[] often = ["a", "e", "o", "\u0301", "\u0300", "\u0323", "\u0327", "\u0345", "\u3099", "\u093C", "か", "क", "ᄀ", "ᅡ", "ᆨ", "가", "\u1E69", "\u0344", "ﬁ", "\U0001D15E", "\U000110A5", "\U000110BA"];
        return string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(5) switch
        {
            0 => new Rune(random.Next(0xA0, 0xD800)).ToString(),
            1 => new Rune(random.Next(0xE000, 0x30000)).ToString(),
            _ => often[random.Next(often.Length)],
        }));
    }
}
