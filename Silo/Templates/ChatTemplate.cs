using System.Text.Json.Nodes;
using XLLM.Silo.Templates.Evaluation;
using XLLM.Silo.Templates.Syntax;

namespace XLLM.Silo.Templates;

/// <summary>A chat template in Jinja, compiled once: what Jinja2 3.1 renders in the settings of transformers.</summary>
/// <remarks>
/// Settings: the immutable sandbox, <c>trim_blocks</c>, <c>lstrip_blocks</c>, loop controls, the <c>generation</c> tag, <c>tojson</c> as plain JSON,
/// <c>raise_exception</c> and <c>strftime_now</c>. The syntax tree never changes after construction, and every rendering has a context of its own,
/// so one instance serves all threads.
/// </remarks>
internal sealed class ChatTemplate : IChatTemplate
{
    private readonly Body _body;
    private readonly ScopeLayout _layout;
    private readonly ChatTemplateLimits _limits;

    /// <summary>Compiles a template.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="limits">Bounds; the defaults when null.</param>
    /// <exception cref="ChatTemplateException">A syntax error; the message has line and column.</exception>
    public ChatTemplate(string source, ChatTemplateLimits? limits = null)
    {
        Source = source;
        _limits = limits ?? ChatTemplateLimits.Default;
        _limits.Validate();
        if (source.Length > _limits.MaxTemplateLength)
        {
            throw new ChatTemplateException($"the template has {source.Length} characters, more than {_limits.MaxTemplateLength} (MaxTemplateLength)");
        }

        try
        {
            _body = new Parser(new TemplateSource(source), _limits).Parse();
            _layout = new ScopeAnalyzer().Analyze(_body);
        }
        catch (InsufficientExecutionStackException exception)
        {
            throw new ChatTemplateException("the template nests too deeply", exception);
        }
    }

    /// <inheritdoc/>
    public string Source { get; }

    /// <inheritdoc/>
    public string Render(JsonObject variables, TimeProvider clock)
    {
        var context = new RenderContext(variables, clock, _limits);
        try
        {
            _body.Execute(context, _layout.Enter(context, null));
            return context.Output.ToString();
        }
        catch (TemplateFault fault)
        {
            throw new ChatTemplateException(fault.IsRaised ? fault.Message : $"line {context.Line}: {fault.Message}", fault);
        }
        catch (InsufficientExecutionStackException exception)
        {
            throw new ChatTemplateException($"line {context.Line}: the template or its values nest too deeply", exception);
        }
    }
}
