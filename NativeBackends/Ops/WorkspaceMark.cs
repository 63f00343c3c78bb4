namespace XLLM.NativeBackends.Ops;

/// <summary>A place in a step's workspace: <see cref="IOps.Mark"/>.</summary>
/// <param name="Step">Number of the step that it belongs to.</param>
/// <param name="Chunk">Chunk that results were taken from.</param>
/// <param name="Used">Bytes of that chunk in use.</param>
public readonly record struct WorkspaceMark(long Step, int Chunk, long Used);
