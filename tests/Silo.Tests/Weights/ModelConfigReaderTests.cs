using System.Text;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Weights;

public sealed class ModelConfigReaderTests
{
    [Fact]
    public void Fields_AreReadInTheirForms()
    {
        var file = Parse("""{"a":3,"b":4.0,"c":true,"d":"x","e":null,"f":7,"g":[1,2],"h":["p","q"],"i":{"j":0.5}}""");

        Assert.Equal(3, file.Integer("a"));
        Assert.Equal(4, file.Integer("b"));
        Assert.True(file.Flag("c", missing: false));
        Assert.Equal("x", file.OptionalText("d"));
        Assert.False(file.Has("e"));
        Assert.Null(file.OptionalInteger("e"));
        Assert.Equal([7], file.TokenIds("f"));
        Assert.Equal([1, 2], file.TokenIds("g"));
        Assert.Empty(file.TokenIds("nothing"));
        Assert.Equal(["p", "q"], file.Texts("h"));
        Assert.Equal(0.5, file.Section("i")!.Number("j", 0, 1));
    }

    [Theory]
    [InlineData("""{"x":-3}""", "config.json: \"x\" is -3; expected a number of at least 1")]
    [InlineData("""{"x":2.5}""", "\"x\" is 2.5; expected")]
    [InlineData("""{"x":"7"}""", "\"x\" is \"7\"; expected")]
    [InlineData("""{"x":1e99}""", "\"x\" is 1e99; expected")]
    [InlineData("""{"x":[]}""", "\"x\" is []; expected")]
    [InlineData("{}", "\"x\" is missing; expected a number of at least 1")]
    public void Integer_NamesFileFieldAndValue_WhenItIsMissingOrAbsurd(string json, string expected)
    {
        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => Parse(json).Integer("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherForms_NameFieldAndValue_WhenTheyAreWrong()
    {
        var file = Parse("""{"x":{"y":2},"n":-1}""");

        Assert.Contains("\"x\" is {\"y\":2}; expected true or false", Fault(() => file.Flag("x", missing: false)), StringComparison.Ordinal);
        Assert.Contains("expected a text", Fault(() => file.OptionalText("x")), StringComparison.Ordinal);
        Assert.Contains("expected a list of texts", Fault(() => file.Texts("x")), StringComparison.Ordinal);
        Assert.Contains("\"x.y\" is 2; expected a number from 0 to 1", Fault(() => file.Section("x")!.OptionalNumber("y", 0, 1)), StringComparison.Ordinal);
        Assert.Contains("\"n\" is -1; expected a whole number from 0, or a list of them", Fault(() => file.TokenIds("n")), StringComparison.Ordinal);
        Assert.Contains("expected an object", Fault(() => file.Section("n")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("{\"a\":NaN}")]
    public void Parse_NamesTheFile_WhenItIsNoObject(string json) =>
        Assert.StartsWith("config.json: is", Fault(() => Parse(json)), StringComparison.Ordinal);

    private static string Fault(Func<object?> read) => Assert.Throws<CheckpointException>(() => read()).Message;

    private static ModelConfigReader Parse(string json) => ModelConfigReader.Parse("config.json", Encoding.UTF8.GetBytes(json));
}
