using XLLM.Silo.Sequences;

namespace XLLM.Silo.Execution;

/// <summary>Tokens of one picture that a step computes.</summary>
/// <param name="Sequence">Whose picture.</param>
/// <param name="Picture">Which of its pictures.</param>
/// <param name="FirstToken">The first of the tokens, counted within the picture.</param>
/// <param name="Tokens">How many, at least 1.</param>
internal readonly record struct PictureSpan(Sequence Sequence, int Picture, int FirstToken, int Tokens);
