using XLLM.Silo.Hosting;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Templates;

/// <summary>The verb for people who debug a model folder.</summary>
public sealed class RenderVerbTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xllm-render-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Run_AnswersEachLine_WithTextOrError()
    {
        var template = Write("t.jinja", "{{ greeting }} {% for m in messages %}{{ m.content + '!' }}{% endfor %}");

        var output = Run(template, """
            {"greeting": "Hé 😀 <b>", "messages": [{"content": "a"}]}

            {"messages": [{"content": []}]}
            not JSON
            [1]
            {"a": 1, "a": 2}
            {"messages": [{"content": "z"}]}
            """);

        Assert.Equal(6, output.Length);
        Assert.Equal("""{"text":"Hé 😀 <b> a!"}""", System.Text.RegularExpressions.Regex.Unescape(output[0].Replace("\\\"", "\"")));
        Assert.Contains("can only concatenate list", output[1], StringComparison.Ordinal);
        Assert.Contains("\"error\":\"the line is not a usable JSON object", output[2], StringComparison.Ordinal);
        Assert.Contains("the line is not a JSON object", output[3], StringComparison.Ordinal);
        Assert.Contains("\"error\":", output[4], StringComparison.Ordinal);
        Assert.Equal("""{"text":" z!"}""", output[5]);
    }

    [Fact]
    public void Run_SetsTheTime()
    {
        var template = Write("t.jinja", "{{ strftime_now('%d %b %Y %H:%M') }}{{ clock is defined }}");

        var output = Run(template, """
            {"clock": "2025-01-15T12:00:00"}
            {"clock": "2024-02-29"}
            {"clock": "2024-02-29T23:30:00+09:00"}
            {"clock": 5}
            """);

        Assert.Equal("""{"text":"15 Jan 2025 12:00False"}""", output[0]);
        Assert.Equal("""{"text":"29 Feb 2024 00:00False"}""", output[1]);
        Assert.Equal("""{"text":"29 Feb 2024 23:30False"}""", output[2]);
        Assert.Contains("clock is 5, not a time", output[3], StringComparison.Ordinal);
    }

    [Fact]
    public void Run_TakesSpecialTokensFromTheFolder_UnlessTheLineGivesThem()
    {
        Write("chat_template.jinja", "{{ bos_token }}|{{ eos_token }}|{{ tools }}");
        Write("tokenizer_config.json", """{"bos_token": "<s>", "eos_token": {"content": "</s>"}}""");

        var output = Run(_folder, """
            {}
            {"bos_token": "B", "eos_token": null}
            """);

        Assert.Equal(["""{"text":"<s>|</s>|None"}""", """{"text":"B|None|None"}"""], output);
    }

    [Fact]
    public void Run_RendersTheDemoModel() =>
        Assert.Equal(["""{"text":"<|im_start|>user\nHi<|im_end|>\n"}"""], Run(Paths.DemoModel, """{"messages": [{"role": "user", "content": "Hi"}]}"""));

    [Theory]
    [InlineData("missing.jinja", null, "missing.jinja")]
    [InlineData("bad.jinja", "{{", "line 1, column")]
    [InlineData("bad.json", "{}", "has no chat_template")]
    public void Run_SaysWhyThereIsNoTemplate_AndExitsWithOne(string file, string? content, string message)
    {
        var path = content is null ? Path.Combine(_folder, file) : Write(file, content);
        using var output = new StringWriter();
        using var error = new StringWriter();

        Assert.Equal(1, RenderVerb.Run(path, TextReader.Null, output, error));
        Assert.Contains(message, error.ToString(), StringComparison.Ordinal);
        Assert.Empty(output.ToString());
    }

    private string Write(string file, string content)
    {
        var path = Path.Combine(_folder, file);
        File.WriteAllText(path, content);
        return path;
    }

    private static string[] Run(string path, string lines)
    {
        using var input = new StringReader(lines);
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(0, RenderVerb.Run(path, input, output, error));
        Assert.Empty(error.ToString());
        return output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\r')).ToArray();
    }
}
