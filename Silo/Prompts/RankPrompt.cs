using XLLM.Grains.Interfaces.Pooling;

namespace XLLM.Silo.Prompts;

/// <summary>A query and a document as Qwen3-Reranker was trained to judge them: the next token is "yes" or "no". Pure.</summary>
/// <remarks>Source: the model card of Qwen3-Reranker, which is the only place where the form is published; scores depend on every character of it.</remarks>
internal static class RankPrompt
{
    /// <summary>What "answers" means where a request does not say.</summary>
    public const string DefaultInstruction = "Given a web search query, retrieve relevant passages that answer the query";

    /// <summary>The text of a prompt.</summary>
    public static string Render(RankRequest request) =>
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. "
        + "Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n"
        + $"<Instruct>: {request.Instruction ?? DefaultInstruction}\n<Query>: {request.Query}\n<Document>: {request.Document}"
        + "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";
}
