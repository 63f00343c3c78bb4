using XLLM.Grains.Interfaces;

namespace XLLM.Gateway.OpenAI.Requests;

/// <summary>One thing that is wrong with a request.</summary>
/// <param name="Parameter">The field, as a path: <c>messages[2].content</c>.</param>
/// <param name="Message">What was wrong, with both values; begins with the path.</param>
/// <param name="Code">A code of <see cref="ErrorMapping"/>.</param>
internal sealed record Fault(string Parameter, string Message, string Code = RequestErrors.InvalidValue);
