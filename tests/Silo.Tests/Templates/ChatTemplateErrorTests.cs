namespace XLLM.Silo.Tests.Templates;

/// <summary>What a caller reads when a template gives no prompt.</summary>
public sealed class ChatTemplateErrorTests
{
    [Theory]
    [InlineData("a\n{{ 1 + }}", "line 2, column 8: unexpected 'end of print statement'")]
    [InlineData("{% if true %}\n  x", "line 2, column 4: Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'.")]
    [InlineData("{% for i in [1] %}{% endif %}", "line 1, column 22: Encountered unknown tag 'endif'. Jinja was looking for the following tags: 'endfor' or 'else'. The innermost block that needs to be closed is 'for'.")]
    [InlineData("{{ 'a }}", "line 1, column 4: unexpected char \"'\": the text literal has no end")]
    [InlineData("\r\n\r\n{# x", "line 3, column 1: Missing end of comment tag")]
    [InlineData("{{ [1) }}", "line 1, column 6: unexpected ')', expected ']'")]
    [InlineData("{{ 1|nope }}", "line 1: No filter named 'nope'.")]
    [InlineData("\n{% break %}", "line 2: 'break' outside loop")]
    public void ASyntaxError_SaysWhereItIs(string template, string message) => Assert.Equal(message, Rendering.Fail(template));

    [Theory]
    [InlineData("{{ m.role }}\n{{ m.content.x }}", """{"m": {"role": "user"}}""", "line 2: 'dict object' has no attribute 'content'")]
    [InlineData("{{ 'a' + [] }}", "{}", "line 1: can only concatenate str (not \"list\") to str")]
    [InlineData("{{ x() }}", "{}", "line 1: 'x' is undefined")]
    [InlineData("{% macro f(a) %}\n{{ a.b.c }}\n{% endmacro %}\n{{ f(1) }}", "{}", "line 2: 'int object' has no attribute 'b'")]
    public void ARuntimeError_SaysItsLine(string template, string variables, string message) => Assert.Equal(message, Rendering.Fail(template, variables));

    [Fact]
    public void RaiseException_PassesItsMessageOnAsItIs() =>
        Assert.Equal("Only user and assistant roles!", Rendering.Fail("\n{{ raise_exception('Only user and assistant roles!') }}"));

    [Theory]
    [InlineData("""{"m": {"a": 1, "a": 2}}""")]
    [InlineData("""{"m": "\ud83d"}""")]
    public void VariablesThatAreNoUsableJson_AreAnErrorOfTheTemplate(string variables) =>
        Assert.StartsWith("line 1: the variables are not usable JSON at 'm'", Rendering.Fail("{{ m }}", variables), StringComparison.Ordinal);
}
