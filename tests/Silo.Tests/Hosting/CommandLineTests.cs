using XLLM.Silo.Hosting;

namespace XLLM.Silo.Tests.Hosting;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--threads", "3", "Xllm:Threads", "3")]
    [InlineData("--kv-cache-memory", "2GiB", "Xllm:Engine:KvMemoryBytes", "2147483648")]
    [InlineData("--urls", "http://127.0.0.1:9000", "Xllm:Urls", "http://127.0.0.1:9000")]
    [InlineData("--Xllm:Engine:BlockTokens", "32", "Xllm:Engine:BlockTokens", "32")]
    public void ASwitch_SetsItsKey_WithABlankOrAnEqualsSign(string name, string value, string key, string expected)
    {
        foreach (var arguments in new string[][] { [name, value], [$"{name}={value}"] })
        {
            var (settings, faults) = CommandLine.Parse(arguments);

            Assert.Empty(faults);
            Assert.Equal(expected, settings[key]);
        }
    }

    [Fact]
    public void Models_AreCounted()
    {
        var (settings, faults) = CommandLine.Parse(["--model", "a=/x", "--model", "/y"]);

        Assert.Empty(faults);
        Assert.Equal(["a=/x", "/y"], [settings["Xllm:Models:0"], settings["Xllm:Models:1"]]);
    }

    [Fact]
    public void AllFaults_AreListedAtOnce()
    {
        var (_, faults) = CommandLine.Parse(["--modle", "x", "--threads", "--kv-cache-memory", "lots", "--urls", "a", "--urls", "b"]);

        Assert.Collection(
            faults,
            fault => Assert.Contains("'--modle'", fault, StringComparison.Ordinal),
            fault => Assert.Contains("'x'", fault, StringComparison.Ordinal),
            fault => Assert.Contains("--threads needs a value", fault, StringComparison.Ordinal),
            fault => Assert.Contains("lots", fault, StringComparison.Ordinal),
            fault => Assert.Contains("more than once", fault, StringComparison.Ordinal));
    }

    [Fact]
    public void TheHelp_NamesEverySwitch()
    {
        var help = CommandLine.Help();

        Assert.All(CommandLine.Switches, one => Assert.Contains(one.Name, help, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1024", 1024)]
    [InlineData("1KiB", 1024)]
    [InlineData("1.5 mib", 1_572_864)]
    [InlineData("2GiB", 2_147_483_648)]
    [InlineData("7B", 7)]
    public void ASize_IsRead(string text, long bytes) => Assert.Equal(bytes, ByteSize.TryParse(text));

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("GiB")]
    [InlineData("2 gallons")]
    [InlineData("99999999999999TiB")]
    public void WhatIsNoSize_IsRefused(string text) => Assert.Null(ByteSize.TryParse(text));
}
