"""Muon for the matrices inside the blocks, AdamW for the embedding and the norms."""
import torch
import torch.distributed as distributed


def orthogonalise(matrix, steps=5):
    """Newton-Schulz iteration (quintic, coefficients of Keller Jordan's Muon): close to U V^T of the matrix's SVD."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.bfloat16() if matrix.is_cuda else matrix.float()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    x = x.transpose(-1, -2) if tall else x
    for _ in range(steps):
        gram = x @ x.transpose(-1, -2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.transpose(-1, -2) if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr=0.02, momentum=0.95, weight_decay=0.0):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            directions = []
            for weight in weights:
                state = self.state[weight]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(weight)
                state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
                # Nesterov: look one step ahead.
                directions.append(weight.grad.lerp(state["momentum"], group["momentum"]))
            for weight, update in zip(weights, orthogonalise_all(directions)):
                scale = max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(update, alpha=-group["lr"] * scale)


def orthogonalise_all(matrices):
    """Each process does its share of the matrices. On CUDA those of one shape are one batched product; on the CPU single products are far faster."""
    if matrices and matrices[0].is_cuda:
        done = {}
        for shape in {matrix.shape for matrix in matrices}:
            numbers = [number for number, matrix in enumerate(matrices) if matrix.shape == shape]
            done.update(zip(numbers, orthogonalise(torch.stack([matrices[number] for number in numbers]))))
        return [done[number] for number in range(len(matrices))]
    if not distributed.is_initialized():
        return [orthogonalise(matrix) for matrix in matrices]
    flat, rank, processes = torch.zeros(sum(matrix.numel() for matrix in matrices)), distributed.get_rank(), distributed.get_world_size()
    parts = [part.view_as(matrix) for part, matrix in zip(flat.split([matrix.numel() for matrix in matrices]), matrices)]
    for number in range(rank, len(matrices), processes):
        parts[number].copy_(orthogonalise(matrices[number]))
    distributed.all_reduce(flat)
    return parts


def create_optimizers(model, matrix_rate=0.02, other_rate=3e-3, weight_decay=0.1):
    """Each group keeps its peak rate in `peak_rate`; the schedule multiplies it."""
    matrices = [weight for name, weight in model.named_parameters() if weight.dim() == 2 and "embedding" not in name]
    others = [weight for name, weight in model.named_parameters() if weight.dim() != 2 or "embedding" in name]
    optimizers = [
        Muon(matrices, lr=matrix_rate, weight_decay=weight_decay),
        torch.optim.AdamW(others, lr=other_rate, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.0),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_rate"] = group["lr"]
    return optimizers
