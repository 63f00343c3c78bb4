using System.Text.Json.Nodes;
using XLLM.Silo.Templates;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Templates;

/// <summary>Where a model's template and special tokens are found.</summary>
public sealed class ChatTemplateLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("xllm-templates-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Load_PrefersTheJinjaFile_ThenItsJson_ThenTheTokenizersConfiguration()
    {
        Write("tokenizer_config.json", """{"chat_template": "third"}""");
        Assert.Equal("third", Render());
        Write("chat_template.json", """{"chat_template": "second"}""");
        Assert.Equal("second", Render());
        Write("chat_template.jinja", "first");
        Assert.Equal("first", Render());
    }

    [Fact]
    public void Load_ChoosesTheTemplateForTools_WhenToolsAreGiven()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools {{ tools|length }}"}, {"name": "rag", "template": "rag"}]}""");

        Assert.Equal("plain", Render());
        Assert.Equal("plain", Render("""{"tools": null}"""));
        Assert.Equal("tools 0", Render("""{"tools": []}"""));
        Assert.Equal("tools 1", Render("""{"tools": [{}]}"""));
    }

    [Fact]
    public void Load_TakesMoreTemplatesFromTheirFolder()
    {
        Write("chat_template.jinja", "plain");
        Directory.CreateDirectory(Path.Combine(_folder, "additional_chat_templates"));
        Write("additional_chat_templates/tool_use.jinja", "tools");

        Assert.Equal("plain", Render());
        Assert.Equal("tools", Render("""{"tools": [1]}"""));
    }

    [Fact]
    public void Load_SaysWhatItLookedFor_WhenThereIsNoTemplate()
    {
        Write("tokenizer_config.json", "{}");

        var message = Assert.Throws<ChatTemplateException>(() => ChatTemplateLoader.Load(_folder)).Message;

        Assert.Equal($"{_folder} has no chat template: neither chat_template.jinja nor a chat_template in chat_template.json or tokenizer_config.json", message);
    }

    [Theory]
    [InlineData("chat_template.jinja", "\n{{ 1 + }}", "line 2, column 8: unexpected 'end of print statement'")]
    [InlineData("chat_template.json", "{", "is not JSON")]
    [InlineData("chat_template.json", "[]", "is not a JSON object")]
    [InlineData("tokenizer_config.json", """{"chat_template": 5}""", "neither a text nor a list")]
    [InlineData("tokenizer_config.json", """{"chat_template": [{"name": "default"}]}""", "lacks a name or a template")]
    public void Load_NamesTheDamagedFile(string file, string content, string fault)
    {
        Write(file, content);

        var message = Assert.Throws<ChatTemplateException>(() => ChatTemplateLoader.Load(_folder)).Message;

        Assert.Contains(Path.Combine(_folder, file), message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NamesTheTemplates_WhenNoneIsTheDefault()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "a", "template": ""}, {"name": "b", "template": ""}]}""");

        Assert.Equal("the model has several chat templates (a, b) but none named default", Assert.Throws<ChatTemplateException>(() => Render()).Message);
    }

    [Fact]
    public void ReadSpecialTokens_TakesTextsAndTokenObjects_AndLeavesOutWhatIsMissing()
    {
        Write("tokenizer_config.json", """{"bos_token": null, "eos_token": "</s>", "pad_token": {"content": "<pad>", "lstrip": false}, "additional_special_tokens": ["<a>", {"content": "<b>"}], "model_max_length": 5}""");

        var tokens = ChatTemplateLoader.ReadSpecialTokens(_folder);

        Assert.Equal("""{"eos_token":"</s>","pad_token":"<pad>","additional_special_tokens":["<a>","<b>"]}""", tokens.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Fact]
    public void Load_ReadsTheDemoModel()
    {
        var variables = new JsonObject { ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Hi" }), ["add_generation_prompt"] = true };

        Assert.Equal("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", ChatTemplateLoader.Load(Paths.DemoModel).Render(variables, TimeProvider.System));
    }

    private void Write(string file, string content) => File.WriteAllText(Path.Combine(_folder, file), content);

    private string Render(string variables = "{}") =>
        ChatTemplateLoader.Load(_folder).Render((JsonObject)JsonNode.Parse(variables)!, TimeProvider.System);
}
